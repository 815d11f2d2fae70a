// One node of many schedules: a store and a bridge for each. It writes until it is told to be quiet, and notes in a file what
// it is about to write and what was acknowledged, with the time that the history has for it.

import { openSync, writeSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { PostgresBridge } from '@softadastra/store/postgres';
import pg from 'pg';
import { content } from '../postgres-support.mjs';

const { dir, nodeId, schedules, connection, life } = JSON.parse(process.argv[2]);
const KEYS = 6;
const listens = (schedule) => schedule % 5 === 0;
const pool = new pg.Pool({ ...connection, max: 6 + schedules.filter(listens).length });
// Each bridge listens to it.
pool.setMaxListeners(0);
let quiet = false;
let count = 0;

async function noteTimes(note, engine, keys, { firstVersion, size }) {
  let at = 0;
  for await (const { operation } of engine.operations({ since: firstVersion - 1 })) {
    note('acknowledged', keys[at], operation.timestamp, operation.value?.toString());
    at += 1;
    if (at === size) return;
  }
}

async function write(note, engine) {
  const size = Math.random() < 0.2 ? 3 : 1;
  const keys = new Set(
    Array.from({ length: size }, () => `key/${Math.floor(Math.random() * KEYS)}`),
  );
  const operations = Array.from(keys, (key) => {
    count += 1;
    const value = `${nodeId}:${life}:${count}`;
    return Math.random() < 0.25 ? { type: 'remove', key } : { type: 'put', key, value };
  });
  for (const { key, value } of operations) note('begun', key, 0, value);
  const written = await engine.batch(operations);
  if (written.isOk()) await noteTimes(note, engine, [...keys], written.value());
}

async function run(schedule) {
  const config = StoreConfig.durable(path.join(dir, `${schedule}-${nodeId}.wal`), { nodeId });
  const engine = (await StoreEngine.open(config, { lockTimeoutMs: 10_000 })).value();
  const file = openSync(path.join(dir, `${schedule}-${nodeId}.txt`), 'a');
  const note = (...words) => writeSync(file, `${words.join(' ')}\n`);
  const options = { pool, nodeId, schema: `s${schedule}`, listen: listens(schedule), pollMs: 100 };
  const bridge = new PostgresBridge(engine, { ...options, timeoutMs: 5000 });
  const started = await bridge.start();
  if (started.isErr()) process.send({ failed: started.error().message });
  bridge.on('failure', (error) => {
    if (bridge.status().state === 'failed') process.send({ failed: error.message });
  });
  const running = (async () => {
    while (!quiet) {
      await write(note, engine);
      await sleep(Math.random() * 300);
    }
  })();
  return { schedule, engine, bridge, running };
}

const nodes = await Promise.all(schedules.map(run));

process.on('message', async (what) => {
  if (what === 'quiet') {
    quiet = true;
    await Promise.all(nodes.map(({ running }) => running));
  }
  process.send({
    states: nodes.map(({ schedule, engine, bridge }) => {
      const { out, state, lastError } = bridge.status();
      return [schedule, content(engine), out.behind, state, lastError?.message];
    }),
  });
});
process.send({ ready: true });
