// The reader of the stall cases: a thread that reads random keys of the store that its parent has open, and says how
// long the longest of its reads took.

import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { StoreConfig, StoreEngine } from '../../index.mjs';
import { expect } from './clock.mjs';

/** Between two reads. It leaves the processor to others, so that what is measured is waiting and not its own work. */
const PAUSE_MS = 0.2;

const { log, keys, state } = workerData;
const store = (await StoreEngine.open(StoreConfig.durable(log, { compaction: false }))).value();
for (const key of keys) store.getString(key);
let longest = 0;
let reads = 0;
parentPort.postMessage('ready');
while (Atomics.load(state, 0) === 0) {
  const key = keys[reads % keys.length];
  const begun = performance.now();
  const value = store.getString(key);
  longest = Math.max(longest, performance.now() - begun);
  expect(value.startsWith(key), `the value of ${key}`);
  reads += 1;
  Atomics.wait(state, 0, 0, PAUSE_MS);
}
(await store.close()).value();
parentPort.postMessage({ longest, reads });
