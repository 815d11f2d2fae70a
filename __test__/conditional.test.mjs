// A write with ifVersion happens only if the entry has that version when the write's turn comes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dump, memoryStore, must, refused, workspace } from './helpers.mjs';

test('put with the right version writes, with another one it does not', async (t) => {
  const store = memoryStore(t);
  await store.put('a', '1');
  assert.equal(must(await store.put('a', '2', { ifVersion: 1 })).version, 2);
  const error = refused(
    await store.put('a', '3', { ifVersion: 1 }),
    'invalid_state',
    'version mismatch: expected 1, found 2',
  );
  assert.equal(error.context, 'a');
  assert.deepEqual(dump(store), [['a', '2', 2]]);
});

test('ifVersion 0 means that there must be no entry', async (t) => {
  const store = memoryStore(t);
  assert.equal(must(await store.put('a', '1', { ifVersion: 0 })).created, true);
  refused(await store.put('a', '2', { ifVersion: 0 }), 'already_exists', 'key already exists');
  await store.remove('a');
  assert.equal(must(await store.put('a', '3', { ifVersion: 0 })).created, true);
});

test('a version of a missing entry is 0', async (t) => {
  const store = memoryStore(t);
  refused(
    await store.put('a', '1', { ifVersion: 3 }),
    'invalid_state',
    'version mismatch: expected 3, found 0',
  );
  refused(await store.remove('a', { ifVersion: 3 }), 'invalid_state', /found 0/);
  assert.equal(must(await store.remove('a', { ifVersion: 0 })).deleted, false);
});

test('remove depends on the version as put does', async (t) => {
  const store = memoryStore(t);
  await store.put('a', '1');
  refused(await store.remove('a', { ifVersion: 2 }), 'invalid_state', /expected 2, found 1/);
  refused(await store.remove('a', { ifVersion: 0 }), 'already_exists');
  assert.equal(must(await store.remove('a', { ifVersion: 1 })).deleted, true);
});

test('a condition sees the writes before it in the same group', async (t) => {
  const store = memoryStore(t);
  const results = await Promise.all([
    store.put('a', '1', { ifVersion: 0 }),
    store.put('a', '2', { ifVersion: 0 }),
    store.put('a', '3', { ifVersion: 1 }),
    store.put('a', '4', { ifVersion: 1 }),
    store.remove('a', { ifVersion: 2 }),
    store.put('a', '5', { ifVersion: 0 }),
  ]);
  assert.deepEqual(
    results.map((result) => (result.isOk() ? result.value().version : result.error().code)),
    [1, 'already_exists', 2, 'invalid_state', 3, 4],
  );
  assert.deepEqual(dump(store), [['a', '5', 4]]);
});

test('a condition inside a batch sees the operations before it in the batch', async (t) => {
  const store = memoryStore(t);
  await store.put('x', '0');
  const batch = await store.batch([
    { type: 'put', key: 'a', value: '1', ifVersion: 0 },
    { type: 'put', key: 'a', value: '2', ifVersion: 2 },
    { type: 'remove', key: 'x', ifVersion: 1 },
    { type: 'put', key: 'x', value: '1', ifVersion: 0 },
  ]);
  assert.deepEqual(
    must(batch).results.map(({ version }) => version),
    [2, 3, 4, 5],
  );
});

test('of many writers that race for one entry exactly one wins', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  await store.put('counter', '0');
  for (let round = 0; round < 20; round += 1) {
    const { version } = must(store.get('counter'));
    const attempts = Array.from({ length: 10 }, (_, n) =>
      store.put('counter', `${round}/${n}`, { ifVersion: version }),
    );
    const results = await Promise.all(attempts);
    assert.equal(results.filter((result) => result.isOk()).length, 1);
    assert.equal(results[0].isOk(), true, 'the first caller comes first');
  }
});

test('an undefined ifVersion is none', async (t) => {
  const store = memoryStore(t);
  await store.put('a', '1');
  must(await store.put('a', '2', { ifVersion: undefined }));
  must(await store.put('a', '3', {}));
  must(await store.remove('a', {}));
});

test('an ifVersion that is no version is refused', async (t) => {
  const store = memoryStore(t);
  for (const ifVersion of [-1, 1.5, Number.NaN, 2 ** 53, '1', null, 1n]) {
    refused(await store.put('a', '1', { ifVersion }), 'invalid_argument', /ifVersion/);
    refused(await store.remove('a', { ifVersion }), 'invalid_argument', /ifVersion/);
  }
  for (const options of [null, 1, 'ifVersion', []]) {
    refused(await store.put('a', '1', options), 'invalid_argument', /object/);
    refused(await store.remove('a', options), 'invalid_argument', /object/);
  }
  assert.equal(store.size(), 0);
});

test('a refused condition is not in the log', async (t) => {
  const work = workspace(t);
  const first = await work.open();
  await Promise.all([
    first.put('a', '1'),
    first.put('a', 'refused', { ifVersion: 0 }),
    first.put('b', '2'),
  ]);
  await first.close();
  assert.deepEqual(dump(await work.open()), [
    ['a', '1', 1],
    ['b', '2', 2],
  ]);
});
