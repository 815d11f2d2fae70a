// Synchronous and asynchronous writes of one store have one order, and promises keep it.

import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { memoryStore, must, refused, workspace } from './helpers.mjs';

const KINDS = {
  durable: (work, more) => StoreConfig.durable(work.file(), more),
  fast: (work, more) => StoreConfig.fast(work.file(), more),
  memory: (_work, more) => ({ mode: 'memory', ...more }),
};

const opened = async (work, kind, more) =>
  work.track(must(await StoreEngine.open(KINDS[kind](work, more))));

for (const kind of Object.keys(KINDS)) {
  test(`in a ${kind} store writes that were not awaited come before, and their promises settle later, in order`, async (t) => {
    const work = workspace(t);
    const store = await opened(work, kind);
    const settled = [];
    const note = (promise) => promise.then((result) => settled.push(must(result).version));
    const notes = [note(store.put('a', '1')), note(store.put('b', '1')), note(store.remove('b'))];
    assert.equal(must(store.putSync('a', '2')).version, 4);
    assert.equal(must(store.removeSync('a')).deleted, true);
    notes.push(note(store.put('a', '3')));
    const { firstVersion, results } = must(
      store.batchSync([{ type: 'put', key: 'a', value: '4' }]),
    );
    assert.deepEqual([firstVersion, results[0].created], [7, false]);
    assert.deepEqual(settled, []);
    assert.equal(store.getString('a'), '4');
    await Promise.all(notes);
    assert.deepEqual(settled, [1, 2, 3, 6]);
    assert.equal(must(await store.put('a', '5')).version, 8);
  });

  test(`in a ${kind} store a commit under way is waited for, and never overtaken`, async (t) => {
    const work = workspace(t);
    const store = await opened(work, kind);
    const settled = [];
    for (let round = 0; round < 50; round += 1) {
      const before = store.lastSequence();
      const first = Array.from({ length: 100 }, (_, n) => store.put(`k${n}`, `${round}`));
      // The commit is begun at the end of the turn, by then or later a worker has it.
      await undefined;
      if (round % 2 === 1) await new Promise(process.nextTick);
      const second = Array.from({ length: 3 }, () => store.remove('k0'));
      const all = [...first, ...second];
      for (const one of all) one.then((result) => settled.push(must(result).version));
      assert.equal(must(store.putSync('k0', 'sync')).version, before + 104);
      assert.equal(store.getString('k0'), 'sync');
      const last = store.put('k0', 'last').then((result) => settled.push(must(result).version));
      await Promise.all([...all, last]);
    }
    assert.deepEqual(
      settled,
      settled.toSorted((a, b) => a - b),
    );
    assert.equal(settled.length, 50 * 104);
  });

  test(`past the bound of a ${kind} store all that waited comes before`, async (t) => {
    const work = workspace(t);
    const store = await opened(work, kind, { stagedBytesLimit: 1000 });
    const settled = [];
    const pending = [];
    const note = (promise, what) =>
      pending.push(promise.then((result) => settled.push([what, result.isOk()])));
    for (let n = 0; n < 100; n += 1) {
      note(store.put('same', `${n}${'x'.repeat(100)}`), n);
      if (n === 30 || n === 60) note(store.flush(), `flush ${n}`);
      if (n === 70) assert.equal(must(store.putSync('other', '1')).version, 72);
    }
    refused(store.putSync('', 'x'), 'invalid_argument');
    assert.equal(
      must(store.batchSync([{ type: 'put', key: 'same', value: 'y'.repeat(5000) }])).firstVersion,
      102,
    );
    assert.deepEqual(settled, []);
    await Promise.all(pending);
    const expected = Array.from({ length: 100 }, (_, n) => [
      [n, true],
      ...([30, 60].includes(n) ? [[`flush ${n}`, true]] : []),
    ]);
    assert.deepEqual(settled, expected.flat());
    assert.equal(must(await store.put('same', 'z')).version, 103);
  });
}

for (const kind of ['fast', 'memory']) {
  test(`a small group of a ${kind} store is not told before a large one that a worker has`, async (t) => {
    const work = workspace(t);
    const store = await opened(work, kind);
    const told = [];
    const note = (promise) => promise.then((result) => told.push(must(result).version));
    const all = [];
    for (let round = 0; round < 20; round += 1) {
      for (let n = 0; n < 200; n += 1) all.push(note(store.put(`k${n}`, 'x')));
      await undefined;
      await new Promise(process.nextTick);
      all.push(note(store.put('small', 'x')));
      if (round % 5 === 0) await all.at(-1);
    }
    await Promise.all(all);
    assert.deepEqual(
      told,
      Array.from({ length: 20 * 201 }, (_, n) => n + 1),
    );
  });
}

test('writes of one turn share the commit of the call that does not wait', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  must(store.putSync('first', 'x'));
  const before = store.stats();
  const later = Array.from({ length: 100 }, (_, n) => store.put(`k${n}`, 'x'));
  must(store.putSync('last', 'x'));
  const { groups, syncs } = store.stats();
  assert.deepEqual([groups, syncs], [before.groups + 1, before.syncs + 1]);
  (await Promise.all(later)).forEach(must);
  assert.equal(store.stats().groups, groups);
});

test('a refused condition among writes that wait is told to whom it belongs', async (t) => {
  const store = memoryStore(t);
  must(store.putSync('a', '1'));
  const wrong = store.put('a', '2', { ifVersion: 7 });
  const right = store.put('a', '2', { ifVersion: 1 });
  const batch = store.batch([
    { type: 'put', key: 'b', value: '1' },
    { type: 'put', key: 'a', value: '1', ifVersion: 0 },
  ]);
  const error = refused(
    store.putSync('a', '3', { ifVersion: 1 }),
    'invalid_state',
    'version mismatch: expected 1, found 2',
  );
  assert.equal(error.context, 'a');
  const again = store.put('a', '2', { ifVersion: 7 });
  assert.equal(must(store.putSync('a', '3', { ifVersion: 2 })).version, 3);
  refused(await wrong, 'invalid_state', 'version mismatch: expected 7, found 1');
  assert.equal(must(await right).version, 2);
  assert.equal(refused(await batch, 'already_exists').context, 'operation 1: a');
  refused(await again, 'invalid_state', 'version mismatch: expected 7, found 2');
});

test('groups of megabytes that wait come before, in order', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const value = 'x'.repeat(300_000);
  const order = [];
  const later = Array.from({ length: 20 }, (_, n) =>
    store.put('k', value).then((result) => order.push([n, must(result).version])),
  );
  assert.equal(must(store.putSync('k', value)).version, 21);
  await Promise.all(later);
  assert.deepEqual(
    order,
    Array.from({ length: 20 }, (_, n) => [n, n + 1]),
  );
  must(store.batchSync(Array.from({ length: 20 }, () => ({ type: 'put', key: 'k', value }))));
  assert.equal(store.lastSequence(), 41);
});

test('jobs that wait are done afterwards, and told in their order', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const told = [];
  const note = (name, promise) =>
    promise.then((result) => told.push([name, must(result)?.version]));
  const all = [
    note('put', store.put('a', '1')),
    note('flush', store.flush()),
    note('put', store.put('b', '1')),
    note('flush', store.flush()),
    note('put', store.put('c', '1')),
  ];
  assert.equal(must(store.putSync('d', '1')).version, 4);
  must(store.flushSync());
  assert.equal(store.size(), 4);
  all.push(note('put', store.put('e', '1')));
  await Promise.all(all);
  const expected = [
    ['put', 1],
    ['flush', undefined],
    ['put', 2],
    ['flush', undefined],
    ['put', 3],
    ['put', 5],
  ];
  assert.deepEqual(told, expected);
});

test('a recovery is refused while writes wait, and not after they were committed here', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const later = store.put('a', '1');
  must(store.putSync('b', '1'));
  assert.equal(must(await store.recover()).lastSequence, 2);
  assert.equal(must(await later).version, 1);
});
