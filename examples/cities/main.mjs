// Loads every city of the world durably, kills the loading process in the middle, and shows that
// nothing which was acknowledged is lost. CITIES_SEED repeats a kill point, CITIES_FOLDER says where the
// temporary folder goes.

import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { SnapshotBuilderStore, StoreConfig, StoreEngine } from '@softadastra/store';
import { countIn, keyOf, recordOf, total } from './cities.mjs';
import { count, mebibytes, milliseconds, progressOf, say, seconds, table } from './report.mjs';
import { supervise } from './supervise.mjs';
import { checkSnapshot, checkStore } from './verify.mjs';

function chooseSeed() {
  const asked = process.env.CITIES_SEED;
  if (asked === undefined) return Math.floor(Math.random() * 2 ** 32);
  if (!/^\d+$/.test(asked)) throw new Error(`CITIES_SEED must be a whole number, not "${asked}"`);
  return Number(asked);
}

/** Where the kill falls: after 20% to 80% of all writes, and some moments later, so in any state. */
function chooseKill(seed) {
  const random = generator(seed);
  return { after: Math.floor(total * (0.2 + 0.6 * random())), delay: 5 * random() };
}

/** A small generator (splitmix32): the same seed gives the same kill. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

async function load(title, log, versions, { from = 0, kill }) {
  const bar = progressOf(title, total, from);
  try {
    return await supervise({ path: log, from, kill, versions, onProgress: bar.at });
  } finally {
    bar.stop();
  }
}

/** Opens the store, hands it to `use`, and closes it again. */
async function withStore(log, use) {
  const store = new StoreEngine(StoreConfig.durable(log));
  const report = (await store.recover()).value();
  const result = use(store, report);
  (await store.close()).value();
  return result;
}

function showLookups(store) {
  const keys = ['city/FR/2988507', 'city/JP/1850147', 'city/BR/3448439', 'city/IS/3413829'];
  for (const key of keys) {
    const { value, version } = store.get(key).value();
    const { name, population } = JSON.parse(value.toString());
    say(`  ${key} => ${name}, ${count(population)} people, version ${version}`);
  }
}

function showCountry(store, country) {
  const names = [];
  for (const value of store.values({ prefix: `city/${country}/` })) {
    names.push(JSON.parse(value.toString()).name);
  }
  if (names.length !== countIn(country)) {
    throw new Error(`the scan of ${country} gave ${names.length} of ${countIn(country)} cities`);
  }
  say(`  city/${country}/ has ${count(names.length)} cities: ${names.slice(0, 5).join(', ')}, …`);
}

/** How soon a copy of what the killed loader left gives its first answer, by its index file and by a full replay. */
async function showOpenings(log) {
  const byIndex = await firstRead(log, 'later');
  const byReplay = await firstRead(log, 'first');
  const { indexedSequence, records, bytesUnverified } = byIndex.report;
  if (indexedSequence === 0) {
    say(
      'the loader was killed before its log had an index file, so both openings replay all of it',
    );
  }
  say(`first read ${milliseconds(byIndex.time)} after opening: the index file stands for ${count(indexedSequence)} operations,
  ${mebibytes(bytesUnverified)} of the log; the ${count(records)} after them were checked`);
  say(
    `first read ${milliseconds(byReplay.time)} after opening with verify: 'first', by a full replay`,
  );
}

async function firstRead(log, verify) {
  const copy = `${log}-${verify}.wal`;
  copyFileSync(log, copy);
  if (existsSync(`${log}.index`)) copyFileSync(`${log}.index`, `${copy}.index`);
  const began = performance.now();
  const store = (await StoreEngine.open(StoreConfig.durable(copy), { verify })).value();
  const found = store.getString(keyOf(0));
  const time = performance.now() - began;
  if (found !== recordOf(0)) throw new Error('the first read gave something else');
  const report = store.recoveryReport();
  (await store.close()).value();
  return { time, report };
}

async function run(log, kill) {
  const began = performance.now();
  const versions = new Float64Array(total);
  const killed = await load('loading', log, versions, { kill });
  say(`killed the loader after ${count(killed.count)} acknowledged writes`);

  await showOpenings(log);
  const recovered = await withStore(log, (store) => {
    const entries = checkStore(store, versions, killed.submitted);
    say(`recovered ${count(entries)} entries; no acknowledged write is lost`);
    return entries;
  });
  const rest = await load('loading the rest', log, versions, { from: recovered });

  const snapshot = (await SnapshotBuilderStore.build(log)).value();
  await withStore(log, (store) => {
    checkStore(store, versions, total);
    checkSnapshot(snapshot, store);
    showLookups(store);
    showCountry(store, 'FR');
  });
  say(`the snapshot built from the log agrees in all ${count(snapshot.size())} entries`);

  const writes = killed.count + rest.count;
  table([
    ['entries', count(snapshot.size())],
    ['acknowledged before the kill', count(killed.count)],
    ['recovered', count(recovered)],
    ['time, all steps', seconds(performance.now() - began)],
    [
      'rate, durable writes per second',
      count((writes * 1000) / (killed.milliseconds + rest.milliseconds)),
    ],
    ['log size', mebibytes(statSync(log).size)],
  ]);
}

async function main() {
  const seed = chooseSeed();
  const kill = chooseKill(seed);
  say(`${count(total)} cities; seed ${seed} (CITIES_SEED=${seed} repeats the kill point)`);

  const parent = process.env.CITIES_FOLDER ?? tmpdir();
  const folder = mkdtempSync(path.join(parent, 'softadastra-cities-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  process.once('SIGINT', () => process.exit(130));
  try {
    await run(path.join(folder, 'cities.wal'), kill);
  } catch (error) {
    process.off('exit', remove);
    throw new Error(`${error.message}\nthe store is kept in ${folder}`, { cause: error });
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`FAILED: ${error.message}\n`);
  process.exitCode = 1;
}
