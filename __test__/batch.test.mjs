// A batch is written as a whole or not at all, and its operations in their order.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BatchResult,
  Key,
  Operation,
  PutResult,
  RemoveResult,
  StoreConfig,
  StoreEngine,
  Value,
} from '@softadastra/store';
import { dump, memoryStore, must, refused, workspace } from './helpers.mjs';

const put = (key, value, ifVersion) => ({ type: 'put', key, value, ifVersion });
const remove = (key, ifVersion) => ({ type: 'remove', key, ifVersion });

test('a batch gives one result per operation and the versions that it took', async (t) => {
  const store = memoryStore(t);
  await store.put('b', '0');
  const batch = must(await store.batch([put('a', '1'), put('b', '2'), remove('a'), remove('z')]));
  assert.ok(batch instanceof BatchResult);
  assert.equal(batch.firstVersion, 2);
  assert.equal(batch.lastVersion, 5);
  assert.equal(batch.size, 4);
  assert.ok(batch.results[0] instanceof PutResult);
  assert.ok(batch.results[2] instanceof RemoveResult);
  assert.deepEqual(
    batch.results.map((result) => ({ ...result })),
    [
      { key: 'a', version: 2, created: true, updated: false },
      { key: 'b', version: 3, created: false, updated: true },
      { key: 'a', version: 4, deleted: true },
      { key: 'z', version: 5, deleted: false },
    ],
  );
  assert.deepEqual(dump(store), [['b', '2', 3]]);
});

test('a batch takes operations, plain objects, keys, values and bytes', async (t) => {
  const store = memoryStore(t);
  must(
    await store.batch([
      Operation.put('a', 'from an operation'),
      put(new Key('b'), Value.fromString('from a value')),
      put('c', Buffer.from('from bytes')),
      put('d', 'gone'),
      Operation.remove('d'),
    ]),
  );
  assert.deepEqual(dump(store), [
    ['a', 'from an operation', 1],
    ['b', 'from a value', 2],
    ['c', 'from bytes', 3],
  ]);
});

test('a batch is a local write: the time of an operation in it is not kept', async (t) => {
  const store = memoryStore(t);
  await store.batch([Operation.put('a', '1', { timestamp: 1000 })]);
  assert.notEqual(must(store.get('a')).timestamp, 1000);
});

test('an empty batch succeeds and takes no version', async (t) => {
  const store = memoryStore(t);
  const batch = must(await store.batch([]));
  assert.deepEqual({ ...batch }, { results: [], firstVersion: 0, lastVersion: 0, size: 0 });
  assert.equal(store.lastSequence(), 0);
});

test('a batch keeps its place between the calls around it', async (t) => {
  const store = memoryStore(t);
  const results = await Promise.all([
    store.put('a', 'before'),
    store.batch([put('a', 'inside'), put('b', 'inside')]),
    store.put('b', 'after'),
  ]);
  assert.deepEqual(
    results.map((result) => must(result).version ?? must(result).firstVersion),
    [1, 2, 4],
  );
  assert.deepEqual(dump(store), [
    ['a', 'inside', 2],
    ['b', 'after', 4],
  ]);
});

test('bytes of a batch are copied before batch returns', async (t) => {
  const store = memoryStore(t);
  const bytes = Uint8Array.of(1, 2);
  const pending = store.batch([put('a', bytes)]);
  bytes.fill(9);
  must(await pending);
  assert.deepEqual([...store.getBytes('a')], [1, 2]);
});

for (const [what, wrong, message] of [
  ['an empty key', put('', 'x'), 'invalid key: key is empty'],
  ['a lone surrogate in a key', remove('\ud800'), /^invalid key: /],
  ['a lone surrogate in a value', put('k', '\ud800'), /^invalid value: /],
  ['a value of a wrong type', put('k', 7), /^invalid value: /],
  ['a missing value', { type: 'put', key: 'k' }, /^invalid value: /],
  ['a wrong type', { type: 'del', key: 'k' }, /"put", "delete" or "remove"/],
  ['a value in a delete', { type: 'delete', key: 'k', value: 'x' }, /"value"/],
  ['a misspelt field', { type: 'put', key: 'k', valeu: 'x' }, /"valeu".*"value"/],
  ['a value in a remove', { type: 'remove', key: 'k', value: 'x' }, /"value"/],
  ['a wrong ifVersion', put('k', 'x', -1), /ifVersion/],
  ['null', null, /operation must be/],
  ['text', 'put', /operation must be/],
]) {
  test(`a batch with ${what} is refused as a whole and names the place`, async (t) => {
    const store = memoryStore(t);
    await store.put('a', '1');
    const error = refused(
      await store.batch([put('a', '2'), put('b', '2'), wrong, put('c', '2')]),
      'invalid_argument',
      message,
    );
    assert.match(error.context, /^operation 2/);
    assert.deepEqual(dump(store), [['a', '1', 1]]);
    assert.equal(must(await store.put('d', '2')).version, 2);
  });
}

test('what a refused batch had staged does not ride along with the next write', async (t) => {
  const store = memoryStore(t);
  refused(await store.batch([put('a', '1'), put('b', '2'), remove('')]), 'invalid_argument');
  assert.equal(must(await store.put('c', '3')).version, 1);
  assert.deepEqual(dump(store), [['c', '3', 1]]);
});

test('anything but an array is refused', async (t) => {
  const store = memoryStore(t);
  for (const wrong of [undefined, null, 'put', {}, new Set()]) {
    refused(await store.batch(wrong), 'invalid_argument', /array/);
  }
});

test('a batch whose condition does not hold leaves nothing behind, its neighbours stay', async (t) => {
  const store = memoryStore(t);
  await store.put('a', '1');
  const [before, batch, after] = await Promise.all([
    store.put('b', 'before'),
    store.batch([put('a', '2'), put('c', '2', 7), put('d', '2')]),
    store.put('e', 'after'),
  ]);
  const error = refused(batch, 'invalid_state', 'version mismatch: expected 7, found 0');
  assert.match(error.context, /^operation 1/);
  assert.deepEqual([must(before).version, must(after).version], [2, 3]);
  assert.deepEqual(dump(store), [
    ['a', '1', 1],
    ['b', 'before', 2],
    ['e', 'after', 3],
  ]);
});

test('code that runs while a batch is read finds no half staged batch', async (t) => {
  const store = memoryStore(t);
  let inner;
  const sly = {
    type: 'put',
    key: 'b',
    get value() {
      inner ??= store.put('inner', '1');
      return '2';
    },
  };
  const batch = must(await store.batch([put('a', '2'), sly]));
  assert.equal(must(await inner).version, 1);
  assert.deepEqual([batch.firstVersion, batch.lastVersion], [2, 3]);
});

test('a batch that waits for room is still one batch, with the bytes that it was given', async (t) => {
  const work = workspace(t);
  const config = StoreConfig.durable(work.file(), { stagedBytesLimit: 64 });
  const store = work.track(must(await StoreEngine.open(config)));
  const bytes = Buffer.alloc(100, 1);
  const pending = [
    store.put('first', 'x'.repeat(60)),
    store.batch([put('a', bytes), put('b', bytes)]),
    store.put('last', 'y'),
  ];
  bytes.fill(9);
  const [first, batch, last] = await Promise.all(pending);
  assert.deepEqual([must(first).version, must(batch).firstVersion, must(last).version], [1, 2, 4]);
  assert.deepEqual([...new Set(store.getBytes('a'))], [1]);
  assert.deepEqual([...new Set(store.getBytes('b'))], [1]);
});

test('a batch survives a reopen as it was', async (t) => {
  const work = workspace(t);
  const first = await work.open();
  await first.batch(Array.from({ length: 1000 }, (_, n) => put(`k${n}`, `v${n}`)));
  const before = dump(first);
  await first.close();
  assert.deepEqual(dump(await work.open()), before);
  assert.equal(before.length, 1000);
});
