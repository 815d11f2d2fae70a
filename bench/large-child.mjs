// One step of large.mjs, in a process of its own.

import fs from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { hundredBytes } from './data/datasets.mjs';
import { generator } from './data/random.mjs';
import { expect, milliseconds } from './measure/clock.mjs';
import { openEngine } from './peers/store.mjs';

const BATCH = 10_000;
/** Shares no factor with any power of ten: every place comes once, in an order that no key follows. */
const STEP = 48_271;
const READS = 200_000;
const WAVES = 50;
const WAVE = 1000;
/** The most that the process had in memory, in bytes. */
const most = () => process.resourceUsage().maxRSS * 1024;

const { step, folder, entries, limit } = JSON.parse(process.argv[2]);
const dataset = hundredBytes(entries, String(entries - 1).length);
const open = () => openEngine(folder, undefined, { memoryLimit: limit });
const tell = (message) => new Promise((sent) => process.send(message, sent));

const putOf = (place) => ({ type: 'put', key: dataset.key(place), value: dataset.value(place) });

async function fill() {
  const engine = await open();
  const begun = performance.now();
  for (let start = 0; start < entries; start += BATCH) {
    const many = Math.min(BATCH, entries - start);
    const batch = Array.from({ length: many }, (_, at) => putOf(((start + at) * STEP) % entries));
    (await engine.batch(batch)).value();
    if (start % (BATCH * 100) === 0) await tell({ progress: Math.round((100 * start) / entries) });
  }
  const rate = (entries / (performance.now() - begun)) * 1000;
  const close = await milliseconds(async () => (await engine.close()).value());
  const size = (name) => fs.statSync(path.join(folder, name)).size;
  const [logBytes, indexBytes] = [size('store.wal'), size('store.wal.index')];
  return { rate, close, memory: most(), logBytes, indexBytes };
}

async function put(engine, random) {
  const places = Array.from({ length: WAVE }, () => random(entries));
  const puts = places.map((place) => engine.put(dataset.key(place), dataset.value(place)));
  for (const result of await Promise.all(puts)) result.value();
}

async function use() {
  const first = dataset.key(entries - 1);
  let engine;
  let found;
  const time = await milliseconds(async () => {
    engine = await open();
    found = engine.getString(first);
  });
  expect(found === dataset.value(entries - 1), first);
  const openMemory = process.memoryUsage().rss;
  const random = generator(11);
  const places = Array.from({ length: READS }, () => random(entries));
  const keys = places.map(dataset.key);
  const values = new Array(READS);
  const get = await milliseconds(() => {
    for (let at = 0; at < READS; at += 1) values[at] = engine.getString(keys[at]);
  });
  expect(
    values.every((value, at) => value === dataset.value(places[at])),
    'the reads',
  );
  let seen = 0;
  const scan = await milliseconds(() => {
    for (const _ of engine.entries({ limit: READS })) seen += 1;
  });
  expect(seen === Math.min(READS, entries), `a scan of ${seen}`);
  const puts = await milliseconds(async () => {
    for (let wave = 0; wave < WAVES; wave += 1) await put(engine, random);
  });
  const memory = most();
  (await engine.close()).value();
  const each = (took, many) => (took / many) * 1000;
  return {
    open: time,
    openMemory,
    get: each(get, READS),
    scan: each(scan, seen),
    puts: (WAVES * WAVE * 1000) / puts,
    memory,
  };
}

/** Durable puts, one wave after another, until the parent kills this process. */
async function writeUntilKilled() {
  const engine = await open();
  const random = generator(process.pid);
  for (let wave = 1; ; wave += 1) {
    await put(engine, random);
    if (wave === WAVES) await tell({ wave });
  }
}

process.on('disconnect', () => process.exit());
const found = await { fill, use, 'write until killed': writeUntilKilled }[step]();
await tell(found);
process.disconnect();
