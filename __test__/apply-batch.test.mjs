// The batches of one store can be applied to another as they were made: each at once, with its timestamps.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ApplyResult,
  BatchResult,
  Operation,
  OperationEncoder,
  StoreConfig,
  StoreEngine,
} from '@softadastra/store';
import { dump, memoryStore, must, refused, workspace } from './helpers.mjs';

const put = (key, value, timestamp = 1) => Operation.put(key, value, { timestamp });

async function ends(iterator) {
  const found = [];
  for await (const { sequence, endsBatch } of iterator) {
    if (endsBatch) found.push(sequence);
  }
  return found;
}

const puts = (count, size = 1) =>
  Array.from({ length: count }, (_, n) => ({
    type: 'put',
    key: `k${n}`,
    value: 'x'.repeat(size),
  }));

test('applyBatch says what became of each entry', async (t) => {
  const store = memoryStore(t);
  const payload = must(OperationEncoder.encode(put('a', '2', 7)));
  const operations = [put('a', '1'), payload, Operation.remove('a'), Operation.remove('b')];
  for (const at of [1, 5]) {
    const done = at === 1 ? await store.applyBatch(operations) : store.applyBatchSync(operations);
    const batch = must(done);
    assert.ok(batch instanceof BatchResult);
    assert.ok(batch.results[0] instanceof ApplyResult);
    assert.deepEqual([batch.firstVersion, batch.lastVersion, batch.size], [at, at + 3, 4]);
    assert.deepEqual(
      batch.results.map((result) => ({ ...result })),
      [
        {
          type: 'put',
          key: 'a',
          version: at,
          applied: true,
          created: true,
          updated: false,
          deleted: false,
        },
        {
          type: 'put',
          key: 'a',
          version: at + 1,
          applied: true,
          created: false,
          updated: true,
          deleted: false,
        },
        {
          type: 'delete',
          key: 'a',
          version: at + 2,
          applied: true,
          created: false,
          updated: false,
          deleted: true,
        },
        {
          type: 'delete',
          key: 'b',
          version: at + 3,
          applied: true,
          created: false,
          updated: false,
          deleted: false,
        },
      ],
    );
  }
  const nothing = must(await store.applyBatch([]));
  assert.deepEqual([nothing.size, nothing.firstVersion, nothing.results], [0, 0, []]);
  assert.deepEqual(must(store.applyBatchSync([])).results, []);
});

test('timestamps are kept, across a restart too, and one sync is enough', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  must(await store.put('first', ''));
  const { syncs } = store.stats();
  must(await store.applyBatch([put('a', '1', -5), put('b', Buffer.from([255]), 2 ** 45)]));
  assert.equal(store.stats().syncs, syncs + 1);
  must(await store.close());
  const again = await work.open();
  assert.deepEqual([must(again.get('a')).timestamp, must(again.get('b')).timestamp], [-5, 2 ** 45]);
});

test('a condition that does not hold refuses the whole batch, and says which', async (t) => {
  const store = memoryStore(t);
  must(await store.put('a', '1'));
  const batch = (ifVersion) => [put('b', '2'), { operation: put('a', '3'), ifVersion }];
  const refusal = refused(await store.applyBatch(batch(2)), 'invalid_state', /expected 2, found 1/);
  assert.equal(refusal.context, 'operation 1: a');
  refused(store.applyBatchSync(batch(0)), 'already_exists');
  assert.deepEqual(dump(store), [['a', '1', 1]]);
  must(await store.applyBatch(batch(1)));
  assert.deepEqual(dump(store), [
    ['a', '3', 3],
    ['b', '2', 2],
  ]);
});

test('apply takes a condition', async (t) => {
  const store = memoryStore(t);
  assert.equal(must(await store.apply(put('a', '1'), { ifVersion: 0 })).created, true);
  refused(await store.apply(put('a', '2'), { ifVersion: 0 }), 'already_exists');
  refused(store.applySync(Operation.remove('a'), { ifVersion: 7 }), 'invalid_state', /found 1/);
  assert.equal(must(store.applySync(Operation.remove('a'), { ifVersion: 1 })).deleted, true);
  const both = { ifVersion: 0, expiresAt: Date.UTC(9000, 0) };
  assert.equal(must(await store.apply(put('b', '1'), both)).created, true);
  assert.equal(must(store.get('b')).expiresAt, both.expiresAt);
  refused(await store.apply(put('b', '2'), both), 'already_exists');
  for (const ifVersion of [-1, 1.5, '1', null]) {
    refused(await store.apply(put('a', '1'), { ifVersion }), 'invalid_argument', /ifVersion/);
  }
  refused(await store.apply(put('a', '1'), { ifversion: 1 }), 'invalid_argument', /"ifVersion"/);
  refused(await store.apply(put('a', '1'), 7), 'invalid_argument', /must be an object/);
});

test('what is no operation is refused with its place, and nothing is stored', async (t) => {
  const store = memoryStore(t);
  const good = put('a', '1');
  const wrong = [
    [undefined, /an Operation, its payload/],
    ['put', /an Operation, its payload/],
    [Buffer.from([9]), /^invalid payload/],
    [{ type: 'put', key: 'a', value: '1' }, /"type"/],
    [{ operation: 'a' }, /takes an Operation/],
    [{ operation: good, ifVersion: -1 }, /ifVersion/],
    [{ operation: good, ifversion: 1 }, /"ifVersion"/],
    [{ operation: good, ttlMs: 0 }, /ttlMs/],
    [{ operation: Operation.remove('a'), ttlMs: 1 }, /only a put can expire/],
    [Object.assign(put('a', '1'), { key: '' }), /key/],
    [Object.assign(put('a', '1'), { type: 'del' }), /"put", "delete"/],
  ];
  for (const [operation, message] of wrong) {
    const error = refused(await store.applyBatch([good, operation]), 'invalid_argument', message);
    assert.match(error.context, /^operation 1/);
    refused(store.applyBatchSync([good, operation]), 'invalid_argument', message);
  }
  for (const none of [undefined, good, 'a', { length: 1 }]) {
    refused(await store.applyBatch(none), 'invalid_argument', /array of operations/);
  }
  assert.deepEqual([store.size(), store.lastSequence()], [0, 0]);
});

test('a batch that waits for room keeps what it had', async (t) => {
  const config = StoreConfig.memoryOnly();
  config.stagedBytesLimit = 32;
  const store = new StoreEngine(config);
  t.after(() => store.close());
  const bytes = Buffer.from('bytes');
  const first = store.put('a', 'x'.repeat(40));
  const second = store.applyBatch([put('b', bytes, 7), Operation.remove('a')]);
  bytes.fill(0);
  must(await first);
  assert.equal(must(await second).firstVersion, 2);
  assert.deepEqual(dump(store), [['b', 'bytes', 2]]);
  assert.equal(must(store.get('b')).timestamp, 7);
});

test('no batch is cut where endsBatch says that one may end', async (t) => {
  const work = workspace(t);
  let store = await work.open(undefined, { compaction: false });
  must(await store.put('a', '1'));
  must(await store.batch(puts(3)));
  must(await store.batch(puts(5000)));
  must(await store.applyBatch([put('a', '1'), put('b', '2')]));
  must(await store.put('a', '2'));
  const expected = [1, 4, 5004, 5006, 5007];
  assert.deepEqual(await ends(store.operations()), expected);
  assert.deepEqual(await ends(store.operations({ since: 3 })), expected.slice(1));
  must(await store.close());
  store = await work.open(undefined, { compaction: false });
  assert.deepEqual(await ends(store.operations()), expected);
  const consumer = must(await store.consumer('outbox', { since: 2 }));
  must(await store.compact());
  assert.deepEqual(await ends(consumer.operations()), expected.slice(1));
});

test('calls that were made together may end together, but no batch among them is cut', async (t) => {
  const store = await workspace(t).open();
  const batches = Array.from({ length: 200 }, (_, n) => store.batch(puts(1 + (n % 7), 3000)));
  const last = new Set();
  for (const batch of await Promise.all(batches)) last.add(must(batch).lastVersion);
  const found = await ends(store.operations());
  assert.equal(found.at(-1), store.lastSequence());
  assert.ok(found.length > 1, 'a group has about 1 MiB');
  assert.deepEqual(
    found.filter((sequence) => !last.has(sequence)),
    [],
  );
});

test('an iteration that does not follow ends where a batch ends', async (t) => {
  const store = await workspace(t).open();
  for (let round = 0; round < 20; round += 1) {
    const writing = [1, 2, 3].map(() => store.batch(puts(700)));
    let ended = true;
    for await (const { endsBatch } of store.operations()) ended = endsBatch;
    assert.equal(ended, true);
    for (const batch of await Promise.all(writing)) must(batch);
  }
});

test('a store to which groups are applied whole never shows a batch in part', async (t) => {
  const work = workspace(t);
  const [here, there] = [await work.open('a.wal'), await work.open('b.wal')];
  for (let n = 0; n < 50; n += 1) {
    const both = ['left', 'right'].map((key) => ({ type: 'put', key, value: `${n}` }));
    must(await here.batch([...both, ...puts(n)]));
    must(await here.remove('k3'));
  }
  let group = [];
  for await (const { payload, endsBatch } of here.operations()) {
    group.push(payload);
    if (!endsBatch) continue;
    must(await there.applyBatch(group));
    group = [];
    assert.equal(there.getString('left'), there.getString('right'));
  }
  const state = (store) =>
    Array.from(store.entries(), ([key, { value, timestamp }]) => [key, `${value}`, timestamp]);
  assert.deepEqual(state(there), state(here));
});

test('endsBatch is shown where a logged operation is', async (t) => {
  const { inspect } = await import('node:util');
  const store = await workspace(t).open();
  must(await store.batch(puts(2)));
  const shown = [];
  for await (const logged of store.operations()) {
    shown.push(JSON.parse(JSON.stringify(logged)).endsBatch);
    assert.match(inspect(logged), /endsBatch: (true|false)/);
  }
  assert.deepEqual(shown, [false, true]);
});
