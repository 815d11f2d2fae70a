// A store with a memory limit keeps in its log what does not fit, and answers as any other store does.

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { SoftadastraLevel } from '@softadastra/store/abstract-level';
import { must, refused, workspace } from './helpers.mjs';

const LIMIT = 1024 * 1024;
const VALUE = 'v'.repeat(500);
const key = (n) => `key:${String(n).padStart(6, '0')}`;

async function open(file, options) {
  return must(await StoreEngine.open(StoreConfig.fast(file, { memoryLimit: LIMIT, ...options })));
}

/** Puts `count` entries, the last ones of every tenth key. */
async function fill(store, count, value = VALUE) {
  for (let from = 0; from < count; from += 500) {
    const operations = [];
    for (let n = from; n < Math.min(count, from + 500); n += 1) {
      operations.push({ type: 'put', key: key(n), value: `${n} ${value}` });
    }
    must(await store.batch(operations));
  }
}

function checkReads(store, count) {
  assert.equal(store.size(), count);
  for (const n of [0, 1, count >> 1, count - 1]) {
    assert.equal(store.getString(key(n)), `${n} ${VALUE}`);
    assert.equal(store.contains(key(n)), true);
  }
  assert.equal(store.getString('missing'), undefined);
  const middle = [...store.keys({ gte: key(700), limit: 300 })];
  assert.deepEqual(
    middle,
    Array.from({ length: 300 }, (_, n) => key(700 + n)),
  );
  const last = [...store.entries({ reverse: true, limit: 3 })].map(([name]) => name);
  assert.deepEqual(last, [key(count - 1), key(count - 2), key(count - 3)]);
  const many = store.getMany([key(5), 'missing', key(count - 5)]);
  assert.deepEqual(many, [`5 ${VALUE}`, undefined, `${count - 5} ${VALUE}`]);
}

test('more entries than fit into the limit are all there, while written, reopened and compacted', async (t) => {
  const file = workspace(t).file('large.wal');
  const count = 12_000;
  let store = await open(file);
  await fill(store, count);
  assert.ok(statSync(file).size > 5 * LIMIT);
  assert.ok(store.stats().memoryBytes < 3 * LIMIT, `${store.stats().memoryBytes} while written`);
  checkReads(store, count);
  assert.equal(store.stats().compactions, 0, 'nothing was overwritten');
  must(await store.close());

  store = await open(file);
  checkReads(store, count);
  const { memoryBytes, liveBytes } = store.stats();
  assert.ok(liveBytes > 5 * LIMIT && memoryBytes < 3 * LIMIT, `${memoryBytes} of ${liveBytes}`);
  must(await store.ready());
  assert.equal(store.stats().ready, true);
  must(await store.compact());
  checkReads(store, count);
  must(await store.close());

  // What one store keeps in its log, another has in memory.
  const whole = must(await StoreEngine.open(StoreConfig.durable(file, { memoryLimit: undefined })));
  checkReads(whole, count);
  must(await whole.ready());
  checkReads(whole, count);
  must(await whole.close());
});

test('conditions, outcomes and removals are exact for entries that are in the log alone', async (t) => {
  const store = await open(workspace(t).file('exact.wal'));
  await fill(store, 6000);
  const { version } = must(store.get(key(3)));
  refused(await store.put(key(3), 'x', { ifVersion: version + 1 }), 'invalid_state');
  const put = must(await store.put(key(3), 'x', { ifVersion: version }));
  assert.deepEqual([put.created, put.updated], [false, true]);
  assert.equal(must(await store.remove(key(4))).deleted, true);
  assert.equal(must(await store.remove(key(4))).deleted, false);
  assert.equal(must(await store.put('new', 'y')).created, true);
  assert.equal(store.size(), 6000);
  const snapshot = store.snapshot();
  await fill(store, 6000, 'again');
  assert.equal(must(snapshot.get(key(3))).value.toString(), 'x');
  assert.equal(snapshot.get(key(4)).isErr(), true);
  assert.equal([...snapshot.keys()].length, 6000);
  assert.equal(store.size(), 6001);
  snapshot.close();
  must(await store.close());
});

test('load brings keys and ranges into memory, and for await gives what a scan gives', async (t) => {
  const store = await open(workspace(t).file('load.wal'));
  await fill(store, 6000);
  must(await store.load([key(1), key(2), 'missing']));
  must(await store.load({ prefix: 'key:', limit: 100 }));
  must(await store.load({}));
  for (const range of [{}, { gt: key(100), limit: 1500 }, { prefix: 'key:0001', reverse: true }]) {
    const expected = [...store.entries(range)];
    const found = [];
    for await (const entry of store.entries(range)) found.push(entry);
    assert.deepEqual(found, expected);
  }
  const some = [];
  for await (const name of store.keys()) {
    some.push(name);
    if (some.length === 700) break;
  }
  assert.deepEqual(some, [...store.keys({ limit: 700 })]);
  refused(await store.load(['']), 'invalid_argument');
  refused(await store.load({ prefx: 'a' }), 'invalid_argument');
  refused(await store.load(['a'], { signal: AbortSignal.abort() }), 'invalid_state');
  must(await store.close());
  const memory = must(await StoreEngine.open(StoreConfig.memoryOnly()));
  must(await memory.load(['a']));
  must(await memory.load({ prefix: 'a' }));
  for await (const name of memory.keys()) assert.fail(name);
});

test('a limit that makes no sense is refused, and one larger than all data changes nothing', async (t) => {
  const file = workspace(t).file('limits.wal');
  for (const memoryLimit of [0, -1, Number.NaN, 1.5, '1', null, 1000, Number.POSITIVE_INFINITY]) {
    const config = StoreConfig.durable(file, { memoryLimit });
    refused(await StoreEngine.open(config), 'invalid_argument');
  }
  const store = await open(file, { memoryLimit: Number.MAX_SAFE_INTEGER });
  await fill(store, 2000);
  checkReads(store, 2000);
  must(await store.close());
});

test('a value larger than the limit is stored and read', async (t) => {
  const file = workspace(t).file('value.wal');
  const large = 'x'.repeat(3 * LIMIT);
  let store = await open(file);
  must(await store.put('large', large));
  await fill(store, 3000);
  must(await store.close());
  store = await open(file);
  assert.equal(store.getString('large'), large);
  must(await store.close());
});

test('a store in memory refuses what does not fit, and keeps what it has', async () => {
  const config = StoreConfig.memoryOnly();
  config.memoryLimit = 8 * LIMIT;
  const store = must(await StoreEngine.open(config));
  let stored = 0;
  let failure;
  while (failure === undefined && stored < 100_000) {
    const put = await store.put(key(stored), VALUE);
    if (put.isOk()) stored += 1;
    else failure = put.error();
  }
  assert.equal(failure.code, 'store_error');
  assert.match(failure.message, /memory limit of 8388608 bytes is reached/);
  assert.equal(store.size(), stored);
  assert.equal(must(await store.remove(key(0))).deleted, true);
});

test('a level database with a limit reads what is in the log alone', async (t) => {
  const db = new SoftadastraLevel(workspace(t).file('level.wal'), { memoryLimit: LIMIT });
  const batch = [];
  for (let n = 0; n < 6000; n += 1)
    batch.push({ type: 'put', key: key(n), value: `${n} ${VALUE}` });
  await db.batch(batch);
  assert.equal(await db.get(key(77)), `77 ${VALUE}`);
  assert.deepEqual(await db.getMany([key(1), 'missing']), [`1 ${VALUE}`, undefined]);
  assert.equal(await db.has(key(5)), true);
  const keys = await db.keys({ gte: key(10), limit: 800 }).all();
  assert.deepEqual(
    keys,
    Array.from({ length: 800 }, (_, n) => key(10 + n)),
  );
  let count = 0;
  for await (const [, value] of db.iterator()) {
    assert.equal(value, `${count} ${VALUE}`);
    count += 1;
  }
  assert.equal(count, 6000);
  await db.close();
});
