// How long one call holds the event loop, and how long a reader on another thread waits meanwhile.

import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { StoreConfig, StoreEngine } from '../../index.mjs';
import { expect } from './clock.mjs';
import { actions } from './stall-actions.mjs';

/** Before and after the call, so that what it leaves for later turns is seen too. */
const QUIET_MS = 50;

/** The longest time between two turns of the event loop while `run` is at work. */
export async function longestHold(run) {
  let longest = 0;
  let last = performance.now();
  let immediate;
  const turn = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    immediate = setImmediate(turn);
  };
  turn();
  await pause(QUIET_MS);
  longest = 0;
  await run();
  await pause(QUIET_MS);
  clearImmediate(immediate);
  return longest;
}

async function startReader(log, dataset) {
  const state = new Int32Array(new SharedArrayBuffer(4));
  const step = Math.floor(dataset.size / 1000);
  const keys = Array.from({ length: 1000 }, (_, at) => dataset.key(at * step));
  const file = new URL('./stall-reader.mjs', import.meta.url);
  const worker = new Worker(file, { workerData: { log, keys, state } });
  await once(worker, 'message');
  return async () => {
    const answered = once(worker, 'message');
    Atomics.store(state, 0, 1);
    Atomics.notify(state, 0);
    const [{ longest, reads }] = await answered;
    expect(reads > 0, 'the reader read nothing');
    await once(worker, 'exit');
    return longest;
  };
}

async function measure(log, { dataset, action, withReader }) {
  const store = (await StoreEngine.open(StoreConfig.durable(log, { compaction: false }))).value();
  const { prepare, run } = actions[action];
  const prepared = await prepare?.(store, dataset);
  for (let turn = 0; turn < 3; turn += 1) global.gc();
  const endReader = withReader ? await startReader(log, dataset) : undefined;
  const loop = await longestHold(() => run(store, prepared, dataset));
  const reader = await endReader?.();
  (await store.close()).value();
  return { values: { loop, reader } };
}

/** On a copy, because what is written must not make the next case another one. */
export async function stalls(context) {
  const copy = fs.mkdtempSync(path.join(path.dirname(context.folder), 'stall-'));
  try {
    const log = path.join(copy, 'store.wal');
    fs.copyFileSync(path.join(context.folder, 'store.wal'), log);
    return await measure(log, context);
  } finally {
    fs.rmSync(copy, { recursive: true, force: true });
  }
}
