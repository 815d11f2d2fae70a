// A thread or a process that ends in the middle of a compaction, a backup or a wait harms neither the process nor the log.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { childFile, must, runChild, workspace } from './helpers.mjs';

/** Opens the log as soon as the thread that had it lets go of it. */
async function openWhenFree(file) {
  for (const deadline = Date.now() + 30_000; ; ) {
    const opened = await StoreEngine.open(StoreConfig.durable(file));
    if (opened.isOk() || Date.now() > deadline) return must(opened);
    assert.match(opened.error().message, /locked|open in another thread/);
    await sleep(5);
  }
}

function check(store) {
  for (let n = 0; n < 8000; n += 1) {
    assert.ok(store.getString(`k${n}`)?.startsWith(`${n} `), `k${n} is lost`);
  }
}

test('a worker thread is terminated in the middle, and its log opens elsewhere', async (t) => {
  const work = workspace(t);
  for (let round = 0; round < 4; round += 1) {
    const file = work.file(`${round}.wal`);
    const worker = new Worker(childFile('long-calls.mjs'), { workerData: { path: file } });
    await Promise.race([once(worker, 'message'), once(worker, 'exit')]);
    await worker.terminate();
    const store = work.track(await openWhenFree(file));
    check(store);
    must(await store.compact());
  }
});

test('a process ends in the middle, without a crash', async (t) => {
  const work = workspace(t);
  const child = await runChild('long-calls.mjs', [work.file()], { timeout: 60_000 });
  assert.deepEqual([child.code, child.signal, child.stderr], [0, null, '']);
  check(await work.open());
});
