// Removals that are remembered: no older operation that arrives later brings an entry back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Operation, StoreConfig, StoreEngine } from '@softadastra/store';
import { must, refused, throws, workspace } from './helpers.mjs';

const HOUR = 3_600_000;
const put = (key, timestamp) => Operation.put(key, `of ${timestamp}`, { timestamp });
const remove = (key, timestamp) => Operation.remove(key, { timestamp });
const newer = (nodeId) => ({ ifNewer: { nodeId } });

async function opened(t, options) {
  const store = must(await StoreEngine.open(options));
  t.after(() => store.close());
  return store;
}

const applied = async (store, operation, nodeId) =>
  must(await store.apply(operation, newer(nodeId))).applied;

test('an older put that arrives after a removal is not applied, in stores of every kind', async (t) => {
  const work = workspace(t);
  const tombstones = { lifeMs: HOUR };
  for (const options of [
    { mode: 'memory', tombstones },
    StoreConfig.durable(work.file('durable.wal'), { tombstones }),
    StoreConfig.fast(work.file('fast.wal'), { tombstones }),
    { path: work.file('limited.wal'), tombstones, memoryLimit: 2 ** 20 },
    { path: work.file('node.wal'), nodeId: 9 },
  ]) {
    const store = await opened(t, options);
    assert.equal(await applied(store, put('k', 100), 1), true);
    assert.equal(await applied(store, remove('k', 200), 2), true);
    assert.equal(await applied(store, remove('early', 200), 2), true);
    const { lastSequence } = store.stats();
    for (const key of ['k', 'early']) {
      const { version, created, ...late } = must(await store.apply(put(key, 199), newer(3)));
      assert.deepEqual([version, created, late.applied], [0, false, false]);
      assert.equal(await applied(store, remove(key, 200), 2), false);
    }
    const { entries, tombstones: kept, ...stats } = store.stats();
    assert.deepEqual([entries, kept, stats.lastSequence], [0, 2, lastSequence]);
    assert.deepEqual([store.contains('k'), [...store.keys()], store.size()], [false, [], 0]);
    assert.equal(await applied(store, put('k', 201), 1), true);
    assert.deepEqual([store.getString('k'), store.stats().tombstones], ['of 201', 1]);
  }
});

test('restarts and compactions keep what is remembered, for as long as the log says', async (t) => {
  const work = workspace(t);
  const options = { path: work.file(), tombstones: { lifeMs: HOUR } };
  let store = await opened(t, options);
  must(await store.put('k', 'v'));
  must(await store.remove('k'));
  for (const tombstones of [{ lifeMs: 1 }, { lifeMs: 0 }, undefined]) {
    must(await store.compact());
    must(await store.close());
    store = await opened(t, { ...options, tombstones });
    assert.equal(store.stats().tombstones, 1);
    assert.equal(await applied(store, put('k', 1), 1), false);
    const follower = must(await StoreEngine.follow(options.path));
    assert.equal(follower.stats().tombstones, 1);
    must(await follower.close());
  }
  must(await store.remove('not remembered'));
  assert.equal(await applied(store, put('not remembered', 1), 1), true);
});

test('a removal is forgotten when its life is over', async (t) => {
  const store = await opened(t, { mode: 'memory', tombstones: { lifeMs: 30 } });
  must(store.removeSync('k'));
  assert.equal(await applied(store, put('k', 1), 1), false);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(await applied(store, put('k', 1), 1), true);
  assert.equal(store.stats().tombstones, 0);
});

test('a store without an id remembers nothing unless it is asked to, one with an id unless it is told not to', async (t) => {
  for (const [options, kept] of [
    [{}, 0],
    [{ nodeId: 1 }, 1],
    [{ nodeId: 1, tombstones: { lifeMs: 0 } }, 0],
    [{ tombstones: { lifeMs: 5000 } }, 1],
  ]) {
    const store = await opened(t, { mode: 'memory', ...options });
    must(await store.remove('k'));
    assert.equal(store.stats().tombstones, kept);
  }
});

test('what cannot be is refused', async () => {
  for (const [tombstones, context] of [
    [true, 'tombstones'],
    [null, 'tombstones'],
    [1000, 'tombstones'],
    [{}, 'lifeMs'],
    [{ lifeMs: -1 }, 'lifeMs'],
    [{ lifeMs: 0.5 }, 'lifeMs'],
    [{ lifeMs: '1' }, 'lifeMs'],
    [{ lifeMs: 2 ** 53 }, 'lifeMs'],
    [{ life: 1 }, 'life'],
  ]) {
    const answer = await StoreEngine.open({ mode: 'memory', tombstones });
    assert.equal(refused(answer, 'invalid_argument').context, context);
  }
  throws(() => StoreConfig.durable('a.wal', { tombstone: {} }), 'invalid_argument');
});
