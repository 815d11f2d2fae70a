// Opens many stores at once, closes half of them at once and has the rest collected, and many large snapshots as well. Says in
// JSON how many threads of each name there ever were. Usage: node --expose-gc few-threads.mjs <folder> <how many stores>

import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { setImmediate as turn } from 'node:timers/promises';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const [folder, count] = process.argv.slice(2);
const configs = Array.from({ length: Number(count) }, (_, n) =>
  StoreConfig.durable(`${folder}/${n}.wal`),
);
const most = {};

function look() {
  const now = {};
  for (const task of readdirSync('/proc/self/task')) {
    try {
      const name = readFileSync(`/proc/self/task/${task}/comm`, 'utf8').trim();
      now[name] = (now[name] ?? 0) + 1;
    } catch (error) {
      // The thread has ended.
      if (error.code !== 'ENOENT' && error.code !== 'ESRCH') throw error;
    }
  }
  for (const [name, threads] of Object.entries(now))
    most[name] = Math.max(most[name] ?? 0, threads);
}

/** Looks in every turn until all is done. */
async function watch(work) {
  let done = false;
  work.then(
    () => {
      done = true;
    },
    () => {
      done = true;
    },
  );
  while (!done) {
    look();
    await turn();
  }
  look();
  return work;
}

/** A new value under every key: what the snapshots hold is theirs alone. */
async function snapshots() {
  const store = new StoreEngine(StoreConfig.memoryOnly());
  const writes = Array.from({ length: 15_000 }, (_, n) => ({
    type: 'put',
    key: `key ${n}`,
    value: 'x'.repeat(100),
  }));
  const all = [];
  for (let n = 0; n < 50; n += 1) {
    all.push(store.snapshot());
    (await store.batch(writes)).value();
  }
  return all.length;
}

async function collect() {
  for (let round = 0; round < 20; round += 1) {
    globalThis.gc();
    look();
    await turn();
    look();
  }
}

async function openAndForget() {
  const stores = (await watch(Promise.all(configs.map((config) => StoreEngine.open(config))))).map(
    (opened) => opened.value(),
  );
  for (const put of await watch(Promise.all(stores.map((store) => store.put('a', '1')))))
    put.value();
  const closing = stores.filter((_, n) => n % 2 === 0);
  for (const closed of await watch(Promise.all(closing.map((store) => store.close()))))
    closed.value();
  return stores.length;
}

const stores = await openAndForget();
await snapshots();
await collect();
// Waits for those that are being closed.
const again = await watch(Promise.all(configs.map((config) => StoreEngine.open(config))));
const found = again.filter((store) => store.value().getString('a') === '1').length;
const clean = again.filter((store) => store.value().recoveryReport().cleanShutdown).length;
process.stdout.write(JSON.stringify({ stores, found, clean, most }));
process.exit(0);
