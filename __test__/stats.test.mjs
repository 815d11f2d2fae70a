// The figures of a store are true, and asking for them costs nothing.

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { SoftadastraError, StoreConfig, StoreEngine } from '@softadastra/store';
import { memoryStore, must, workspace } from './helpers.mjs';

test('the figures follow the life of a store', async (t) => {
  const work = workspace(t);
  const store = work.track(new StoreEngine(StoreConfig.durable(work.file())));
  must(await store.recover());
  assert.deepEqual([store.stats().open, store.stats().entries], [true, 0]);
  const put = store.put('key', 'value');
  assert.ok(store.stats().stagedBytes > 8);
  must(await put);
  const before = Date.now();
  must(await store.put('key', 'other'));
  const stats = store.stats();
  assert.deepEqual([stats.entries, stats.liveBytes, stats.stagedBytes], [1, 8, 0]);
  assert.deepEqual([stats.lastSequence, stats.floor, stats.groups], [2, 0, 2]);
  assert.ok(stats.logBytes > 64 && stats.logBytes <= statSync(work.file()).size);
  assert.ok(stats.syncs >= 2 && stats.lastSyncMs > 0, JSON.stringify(stats));
  assert.ok(Math.abs(stats.lastSyncAt - before) < 60_000, `${stats.lastSyncAt} and ${before}`);
  assert.deepEqual([stats.consumers, stats.heldBytes, stats.compactions], [[], 0, 0]);
  assert.deepEqual([stats.lastCompactionError, stats.rewriting], [undefined, undefined]);
  assert.deepEqual([stats.poisoned, stats.open], [false, true]);
  must(await store.consumer('b'));
  must(await store.consumer('a', { since: 1 }));
  assert.deepEqual(store.stats().consumers, [
    { name: 'a', position: 1 },
    { name: 'b', position: 0 },
  ]);
  assert.ok(store.stats().heldBytes > 0);
  must(await store.removeConsumer('a'));
  must(await store.removeConsumer('b'));
  must(await store.compact());
  assert.deepEqual([store.stats().floor, store.stats().compactions], [2, 1]);
  must(await store.close());
});

test('a running compaction shows how far it is', async (t) => {
  const store = await workspace(t).open(undefined, { compaction: false });
  for (let n = 0; n < 4000; n += 1) void store.put(`k${n}`, 'x'.repeat(1000));
  must(await store.flush());
  const seen = [];
  must(await store.compact({ onProgress: () => seen.push(store.stats().rewriting) }));
  for (const rewriting of seen.filter((value) => value !== undefined)) {
    assert.ok(rewriting.written > 0 && rewriting.written <= rewriting.expected);
  }
  assert.equal(store.stats().rewriting, undefined);
});

test('what expires is counted until it is removed, also in a store that follows', async (t) => {
  const { file, open, track } = workspace(t);
  const store = await open(undefined, { sweep: false });
  must(await store.put('a', '1', { expiresAt: 1 }));
  must(await store.put('b', '2', { ttlMs: 1_000_000 }));
  must(await store.put('c', '3'));
  const follower = track(must(await StoreEngine.follow(file())));
  assert.deepEqual([store.stats().entries, store.stats().expiringEntries], [3, 2]);
  assert.equal(follower.stats().expiringEntries, 2);
  must(await store.put('b', '2'));
  must(await store.sweep());
  must(await follower.refresh());
  assert.deepEqual([store.stats().entries, store.stats().expiringEntries], [2, 0]);
  assert.equal(follower.stats().expiringEntries, 0);
});

test('a memory-only store has figures too', async (t) => {
  const store = memoryStore(t);
  must(await store.put('key', 'value'));
  const stats = store.stats();
  assert.deepEqual([stats.entries, stats.lastSequence, stats.logBytes], [1, 1, 0]);
  assert.deepEqual([stats.lastSyncAt, stats.syncs, stats.floor], [undefined, 0, 0]);
  assert.equal(stats.lastCompactionError instanceof SoftadastraError, false);
});

test('what readers of the history hold back is told as they come and go, without a write', async (t) => {
  const store = await workspace(t).open();
  for (let n = 0; n < 8; n += 1) must(await store.put(`k${n}`, 'x'.repeat(100_000)));
  const held = () => store.stats().heldBytes;
  assert.equal(held(), 0);
  const controller = new AbortController();
  const ways = {
    return: (iterator) => iterator.return(),
    throw: (iterator) => assert.rejects(iterator.throw(new Error('enough')), /enough/),
    abort: (iterator) => {
      controller.abort();
      return iterator.next();
    },
  };
  for (const [way, end] of Object.entries(ways)) {
    const iterator = store.operations({ follow: true, signal: controller.signal });
    await iterator.next();
    assert.ok(held() > 700_000, `${held()} bytes before ${way}`);
    await end(iterator);
    assert.equal(held(), 0, `after ${way}`);
  }
  const read = [];
  for await (const { sequence } of store.operations()) read.push(sequence);
  assert.deepEqual([read.length, held()], [8, 0]);
});
