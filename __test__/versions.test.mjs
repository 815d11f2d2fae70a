// The version of an entry is the sequence of the operation that wrote it: from 1, one by one, never twice.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStore, must, refused, workspace } from './helpers.mjs';

test('every operation takes the next version, in the order of the calls', async (t) => {
  const store = memoryStore(t);
  const results = await Promise.all([
    store.put('a', '1'),
    store.put('b', '1'),
    store.put('a', '2'),
    store.remove('b'),
    store.remove('b'),
    store.put('b', '2'),
  ]);
  assert.deepEqual(
    results.map((result) => must(result).version),
    [1, 2, 3, 4, 5, 6],
  );
  assert.equal(must(store.get('a')).version, 3);
  assert.equal(must(store.get('b')).version, 6);
  assert.equal(store.lastSequence(), 6);
});

test('put says whether the entry is new, also within one group', async (t) => {
  const store = memoryStore(t);
  const [first, second, , fourth] = await Promise.all([
    store.put('a', '1'),
    store.put('a', '2'),
    store.remove('a'),
    store.put('a', '3'),
  ]);
  assert.deepEqual([must(first).created, must(first).updated], [true, false]);
  assert.deepEqual([must(second).created, must(second).updated], [false, true]);
  assert.deepEqual([must(fourth).created, must(fourth).updated], [true, false]);
});

test('remove of a missing key succeeds, says so, and takes a version', async (t) => {
  const store = memoryStore(t);
  const [first, second] = await Promise.all([store.remove('a'), store.remove('a')]);
  assert.deepEqual({ ...must(first) }, { key: 'a', version: 1, deleted: false });
  assert.deepEqual({ ...must(second) }, { key: 'a', version: 2, deleted: false });
  await store.put('a', '1');
  const [third, fourth] = await Promise.all([store.remove('a'), store.remove('a')]);
  assert.equal(must(third).deleted, true);
  assert.equal(must(fourth).deleted, false);
});

test('a refused write takes no version', async (t) => {
  const store = memoryStore(t);
  await store.put('a', '1');
  const [bad, mismatch, good] = await Promise.all([
    store.put('', 'x'),
    store.put('a', 'x', { ifVersion: 9 }),
    store.put('b', '2'),
  ]);
  refused(bad, 'invalid_argument');
  refused(mismatch, 'invalid_state');
  assert.equal(must(good).version, 2);
});

test('the last sequence is not lost when the entry that took it was removed', async (t) => {
  const work = workspace(t);
  const first = await work.open();
  await first.put('a', '1');
  await first.remove('a');
  await first.close();
  const second = await work.open();
  assert.equal(second.size(), 0);
  assert.equal(second.lastSequence(), 2);
  assert.equal(must(await second.put('b', '2')).version, 3);
});
