// Ends a process or a thread in the middle of a call. The key of each acknowledged put is written to a file beside the log.
// Usage: node ends.mjs <folder> <call> <way> <moment>

import { openSync, writeSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { SnapshotBuilderStore, StoreConfig, StoreEngine, salvage } from '@softadastra/store';

const STATUS = 7;
const args = isMainThread ? process.argv.slice(2) : workerData;
const [folder, call, way, moment] = args;
const file = (name) => path.join(folder, name);
const open = async (name) =>
  (await StoreEngine.open(StoreConfig.durable(file(name), { compaction: false }))).value();

async function put(store, report, key) {
  if ((await store.put(key, `value of ${key}`)).isOk()) writeSync(report, `${key}\n`);
}

async function scanForEver(store) {
  for (;;) {
    for (const [key, { version }] of store.entries()) if (!key || !version) throw new Error(key);
    await turn();
  }
}

async function readHistoryForEver(store) {
  for (;;) for await (const { sequence } of store.operations()) if (!sequence) throw new Error('0');
}

/** What is begun without an open store. */
const alone = {
  opening: () => open('store.wal'),
  openings: () => Promise.all([0, 1, 2, 3, 4, 5].map((n) => open(`${n}.wal`))),
  salvage: () => salvage(file('damaged.wal'), file('saved.wal')),
  build: () => SnapshotBuilderStore.build(file('store.wal')),
};

const withStore = {
  compaction: (store) => store.compact(),
  backup: (store) => store.backup(file('backup.wal')),
  close: (store) => store.close(),
  scan: (store) => Promise.all([scanForEver(store), readHistoryForEver(store)]),
  put: (store, report) => {
    for (let n = 0; n < 1000; n += 1) void put(store, report, `pending ${n}`);
  },
};

async function begin() {
  if (alone[call]) return void alone[call]();
  const store = await open('store.wal');
  const report = openSync(file('acknowledged'), 'a');
  for (let n = 0; n < 5; n += 1) await put(store, report, `before ${n}`);
  for (let n = 0; n < 20; n += 1) void put(store, report, `beside ${n}`);
  void withStore[call](store, report);
}

const moments = { 'at once': () => undefined, later: () => sleep(8) };

async function startThread() {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: args });
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  return worker;
}

const ways = {
  'process.exit()': async () => {
    await begin();
    await moments[moment]();
    process.exit(STATUS);
  },
  'process.exit() in another thread': async () => {
    await startThread();
    await moments[moment]();
    process.exit(STATUS);
  },
  'terminate()': async () => {
    const worker = await startThread();
    await moments[moment]();
    await worker.terminate();
    process.exitCode = STATUS;
  },
};

if (isMainThread) {
  await ways[way]();
} else {
  await begin();
  parentPort.postMessage('begun');
  // The thread goes on until it is ended.
  setInterval(() => undefined, 1000);
}
