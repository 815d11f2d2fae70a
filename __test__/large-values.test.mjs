// Text that shares the memory of the store outlives the entry, the store and the thread that read it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { childFile, collect, memoryStore, must } from './helpers.mjs';

test('large texts stay what they were through collection, overwriting and closing', async () => {
  const child = spawn(process.execPath, [childFile('large-values.mjs')]);
  const output = collect(child);
  const [code, signal] = await once(child, 'close');
  assert.deepEqual([code, signal], [0, null], output.stderr);
  assert.equal(output.stdout, '100 texts are what they were\n');
});

test('a thread that ends while it holds large texts takes nothing with it', async (t) => {
  const store = memoryStore(t);
  must(await store.put('large', 'x'.repeat(50_000)));
  const held = store.getString('large');
  for (let round = 0; round < 5; round += 1) {
    const worker = new Worker(childFile('large-values.mjs'), { stdout: true });
    worker.stdout.resume();
    if (round % 2 === 0) {
      const [code] = await once(worker, 'exit');
      assert.equal(code, 0);
    } else {
      await once(worker, 'online');
      await worker.terminate();
    }
  }
  assert.equal(held, 'x'.repeat(50_000));
});
