// A memory-only store is usable at once, reads what was written, and never touches the disk.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import {
  Entry,
  Key,
  PutResult,
  RemoveResult,
  StoreConfig,
  StoreEngine,
  Value,
} from '@softadastra/store';
import { dump, memoryStore, must, refused, workspace } from './helpers.mjs';

test('put, get, remove, get again', async (t) => {
  const store = memoryStore(t);
  const put = must(await store.put('user:1', 'Gaspard'));
  assert.ok(put instanceof PutResult);
  assert.deepEqual({ ...put }, { key: 'user:1', version: 1, created: true, updated: false });

  const entry = must(store.get('user:1'));
  assert.ok(entry instanceof Entry);
  assert.equal(entry.key, 'user:1');
  assert.equal(entry.value.toString(), 'Gaspard');
  assert.equal(entry.version, 1);

  const removed = must(await store.remove('user:1'));
  assert.ok(removed instanceof RemoveResult);
  assert.deepEqual({ ...removed }, { key: 'user:1', version: 2, deleted: true });
  assert.equal(refused(store.get('user:1'), 'not_found', 'key not found').context, 'user:1');
});

test('an entry carries the time at which it was written', async (t) => {
  const store = memoryStore(t);
  const before = Date.now();
  await store.put('a', '1');
  const after = Date.now();
  const { timestamp } = must(store.get('a'));
  // The engine reads the same clock, which may be cut to whole milliseconds differently.
  assert.ok(timestamp >= before - 1 && timestamp <= after + 1, `${before} ${timestamp} ${after}`);
});

test('every way of reading gives what was written', async (t) => {
  const store = memoryStore(t);
  await store.put('text', 'Zürich');
  await store.put('bytes', Uint8Array.of(0xff, 0x41));
  assert.equal(store.getString('text'), 'Zürich');
  assert.equal(store.getString('bytes'), '\ufffdA');
  assert.deepEqual([...store.getBytes('text')], [...Buffer.from('Zürich')]);
  assert.deepEqual([...store.getBytes('bytes')], [0xff, 0x41]);
  assert.deepEqual([...must(store.get('bytes')).value.toBytes()], [0xff, 0x41]);
  assert.deepEqual(store.getMany(['text', 'missing', 'bytes']), ['Zürich', undefined, '\ufffdA']);
  assert.deepEqual(store.getMany([]), []);
  assert.equal(store.getString('missing'), undefined);
  assert.equal(store.getBytes('missing'), undefined);
});

test('a key object works wherever a string does', async (t) => {
  const store = memoryStore(t);
  const key = new Key('user:1');
  assert.equal(must(await store.put(key, Value.fromString('Ada'))).key, 'user:1');
  assert.equal(must(store.get(key)).key, 'user:1');
  assert.equal(store.getString(key), 'Ada');
  assert.equal(store.getBytes(key).toString(), 'Ada');
  assert.deepEqual(store.getMany([key, 'user:1']), ['Ada', 'Ada']);
  assert.equal(store.contains(key), true);
  assert.deepEqual([...store.keys({ gte: key, lte: key })], ['user:1']);
  assert.equal(must(await store.remove(key)).key, 'user:1');
});

test('values of every kind are stored as they are', async (t) => {
  const store = memoryStore(t);
  const values = [
    '',
    'a',
    '\0',
    'é',
    '👍',
    'x'.repeat(100_000),
    '日本'.repeat(10_000),
    '\ufeffbom',
  ];
  for (const value of values) {
    await store.put('k', value);
    assert.equal(store.getString('k'), value);
    assert.equal(must(store.get('k')).value.toString(), value);
    await store.put('k', Buffer.from(value));
    assert.equal(store.getString('k'), value);
    assert.equal(store.getBytes('k').toString(), value);
  }
});

test('bytes are copied before put returns, and again when they are read', async (t) => {
  const store = memoryStore(t);
  const bytes = Uint8Array.of(1, 2, 3);
  const pending = store.put('k', bytes);
  bytes.fill(9);
  await pending;
  assert.deepEqual([...store.getBytes('k')], [1, 2, 3]);
  store.getBytes('k').fill(9);
  assert.deepEqual([...store.getBytes('k')], [1, 2, 3]);
});

test('size, empty and contains follow the writes', async (t) => {
  const store = memoryStore(t);
  assert.equal(store.empty(), true);
  await store.put('a', '1');
  await store.put('b', '2');
  await store.put('a', '3');
  assert.equal(store.size(), 2);
  assert.equal(store.empty(), false);
  assert.equal(store.contains('a'), true);
  assert.equal(store.contains('c'), false);
  assert.equal(store.contains(''), false);
  await store.remove('a');
  await store.remove('b');
  assert.equal(store.size(), 0);
  assert.equal(store.empty(), true);
});

test('a write is not visible before it is committed', async (t) => {
  const store = memoryStore(t);
  const pending = store.put('a', '1');
  assert.equal(store.getString('a'), undefined);
  await pending;
  assert.equal(store.getString('a'), '1');
});

test('stats tell the figures of the store', async (t) => {
  const store = memoryStore(t);
  await store.put('a', '1');
  const stats = store.stats();
  assert.equal(stats.entries, 1);
  assert.equal(stats.lastSequence, 1);
  assert.equal(stats.stagedBytes, 0);
  assert.equal(stats.poisoned, false);
  assert.equal(stats.open, true);
});

test('nothing is written to disk, and flush has nothing to do', async (t) => {
  const { dir, track } = workspace(t);
  const config = StoreConfig.memoryOnly();
  const store = track(must(await StoreEngine.open(config)));
  await store.put('a', '1');
  must(await store.flush());
  assert.deepEqual(readdirSync(dir), []);
  assert.deepEqual(dump(store), [['a', '1', 1]]);
});

test('there is no log to recover from', async (t) => {
  const store = memoryStore(t);
  await store.put('a', '1');
  refused(await store.recover(), 'invalid_state', /memory-only/);
  assert.equal(store.recoveryReport(), undefined);
  assert.equal(store.lastRecoveredSequence(), 0);
  assert.deepEqual(dump(store), [['a', '1', 1]]);
});
