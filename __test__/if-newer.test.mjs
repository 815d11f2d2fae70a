// The last writer wins: what comes from another node is applied only if it is newer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Operation, OperationEncoder, StoreConfig, StoreEngine } from '@softadastra/store';
import { memoryStore, must, refused, workspace } from './helpers.mjs';

const put = (key, value, timestamp) => Operation.put(key, value, { timestamp });
const newer = (nodeId) => ({ ifNewer: { nodeId } });

test('the later operation wins, and of one millisecond that of the greater node', async (t) => {
  const store = await memoryStore(t);
  const first = must(await store.apply(put('k', 'a', 100), newer(10)));
  assert.deepEqual([first.applied, first.created, first.version], [true, true, 1]);
  for (const [timestamp, nodeId] of [
    [100, 10],
    [100, 9],
    [99, 11],
  ]) {
    const { applied, created, updated, version } = must(
      await store.apply(put('k', 'old', timestamp), newer(nodeId)),
    );
    assert.deepEqual([applied, created, updated, version], [false, false, false, 0]);
    const removal = Operation.remove('k', { timestamp });
    const { applied: removed, deleted } = must(store.applySync(removal, newer(nodeId)));
    assert.deepEqual([removed, deleted], [false, false]);
  }
  const payload = must(OperationEncoder.encode(put('k', 'b', 100)));
  assert.equal(must(store.applySync(payload, newer(11))).updated, true);
  assert.deepEqual([store.getString('k'), store.stats().lastSequence], ['b', 2]);
  // Beyond what 32 bits hold, and compared as numbers.
  const greatest = Number.MAX_SAFE_INTEGER;
  assert.equal(must(await store.apply(put('k', 'c', 100), newer(greatest))).applied, true);
  assert.equal(must(await store.apply(put('k', 'd', 100), newer(greatest - 1))).applied, false);
});

test('versions are counted past what is not applied, in batches and among single calls', async (t) => {
  const store = await memoryStore(t);
  must(await store.apply(put('k', 'new', 100), newer(1)));
  const calls = [
    store.apply(put('k', 'old', 99), newer(1)),
    store.put('a', '1'),
    store.applyBatch([
      { operation: put('k', 'old', 99), ...newer(1) },
      { operation: put('b', '2', 5), ...newer(1) },
      { operation: put('b', 'same', 5), ...newer(1) },
      put('c', '3', 1),
    ]),
    store.applyBatch([{ operation: put('k', 'old', 98), ...newer(1) }]),
    store.put('d', '4'),
  ];
  const last = store.applyBatchSync([
    { operation: put('k', 'old', 97), ...newer(1) },
    { operation: put('e', '5', 1), ...newer(1) },
  ]);
  const [single, a, batch, nothing, d] = (await Promise.all(calls)).map(must);
  assert.deepEqual([single.version, a.version, d.version], [0, 2, 5]);
  assert.deepEqual(
    batch.results.map((one) => one.version),
    [0, 3, 0, 4],
  );
  assert.deepEqual(
    batch.results.map((one) => one.applied),
    [false, true, false, true],
  );
  assert.deepEqual([batch.firstVersion, batch.lastVersion, batch.size], [3, 4, 4]);
  assert.deepEqual([nothing.firstVersion, nothing.lastVersion, nothing.size], [0, 0, 1]);
  assert.deepEqual(
    must(last).results.map((one) => one.version),
    [0, 6],
  );
  assert.equal(store.stats().lastSequence, 6);
});

test('a batch of which nothing is newer still acknowledges', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  must(await store.put('k', 'new'));
  const consumer = must(await store.consumer('inbox'));
  for await (const { sequence } of consumer.operations()) assert.equal(sequence, 1);
  const acknowledge = { consumer, sequence: 1 };
  const old = [{ operation: put('k', 'old', 1), ...newer(2) }];
  const { results } = must(await store.applyBatch(old, { acknowledge }));
  assert.deepEqual([results[0].applied, consumer.position()], [false, 1]);
  must(await store.close());
  const again = await work.open();
  assert.equal(must(await again.consumer('inbox')).position(), 1);
  assert.deepEqual([again.getString('k'), again.stats().lastSequence], ['new', 1]);
});

test('the writes of a store with an id are told from what it applied, and win elsewhere', async (t) => {
  const work = workspace(t);
  const open = (name, nodeId) =>
    StoreEngine.open(StoreConfig.durable(work.file(name), { nodeId })).then(must);
  const [one, two] = [await open('one.wal', 1), await open('two.wal', 2)];
  const ahead = Date.now() + 1_000_000;
  for (const store of [one, two]) must(await store.apply(put('k', 'ahead', ahead), newer(3)));
  for (const value of ['a', 'b', 'c']) must(one.putSync('k', value));
  must(
    await one.batch([
      { type: 'put', key: 'l', value: '1' },
      { type: 'remove', key: 'm' },
    ]),
  );
  must(await one.apply(put('n', 'nobody', 1)));
  const nodes = [];
  for await (const { operation, nodeId } of one.operations()) {
    nodes.push(nodeId);
    if (nodeId === 1) must(await two.apply(operation, newer(1)));
  }
  assert.deepEqual(nodes, [3, 1, 1, 1, 1, 1, undefined]);
  assert.deepEqual(
    [two.getString('k'), two.getString('l'), two.getString('n')],
    ['c', '1', undefined],
  );
  assert.ok(must(two.get('k')).timestamp > ahead);
  for (const store of [one, two]) must(await store.close());
  const again = await open('two.wal', 2);
  const { timestamp } = must(again.get('k'));
  assert.equal(must(await again.apply(put('k', 'x', timestamp), newer(1))).applied, false);
  must(await again.close());
});

test('what cannot be is refused and nothing is stored', async (t) => {
  const store = await memoryStore(t);
  const operation = put('k', 'v', 1);
  const invalid = [
    [{ ifNewer: {} }, 'nodeId'],
    [{ ifNewer: { nodeId: 0 } }, 'nodeId'],
    [{ ifNewer: { nodeId: '1' } }, 'nodeId'],
    [{ ifNewer: { nodeId: 1.5 } }, 'nodeId'],
    [{ ifNewer: { nodeId: 2 ** 53 } }, 'nodeId'],
    [{ ifNewer: { nodeId: 1, maxAheadMs: -1 } }, 'maxAheadMs'],
    [{ ifNewer: { nodeID: 1 } }, 'nodeID'],
    [{ ifNewer: { nodeId: 1 }, ifVersion: 0 }, 'ifNewer'],
  ];
  for (const [options, context] of invalid) {
    const error = refused(await store.apply(operation, options), 'invalid_argument');
    assert.equal(error.context, context);
    refused(await store.applyBatch([{ operation, ...options }]), 'invalid_argument');
  }
  for (const wrong of [1, null, []]) {
    refused(await store.apply(operation, { ifNewer: wrong }), 'invalid_argument');
  }
  const bounded = { ifNewer: { nodeId: 1, maxAheadMs: 60_000 } };
  const late = put('late', 'v', Date.now() + 3_600_000);
  const error = refused(await store.apply(late, bounded), 'invalid_argument');
  assert.deepEqual([error.context, /later than/u.test(error.message)], ['late', true]);
  const batch = [
    { operation, ...bounded },
    { operation: late, ...bounded },
  ];
  assert.match(refused(await store.applyBatch(batch), 'invalid_argument').context, /operation 1/u);
  assert.equal(store.stats().lastSequence, 0);
  assert.equal(must(await store.apply(put('k', 'v', Date.now() + 1000), bounded)).applied, true);
  for (const nodeId of [0, -1, 1.5, '1', 2 ** 53]) {
    const opened = await StoreEngine.open({ mode: 'memory', nodeId });
    assert.equal(refused(opened, 'invalid_argument').context, 'nodeId');
  }
});
