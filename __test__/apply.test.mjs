// An operation made elsewhere is logged like any other and keeps its timestamp.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ApplyResult,
  Operation,
  OperationDecoder,
  OperationEncoder,
  StoreConfig,
  StoreEngine,
} from '@softadastra/store';
import { dump, memoryStore, must, refused, workspace } from './helpers.mjs';

test('apply says what became of the entry', async (t) => {
  const store = memoryStore(t);
  const results = await Promise.all([
    store.apply(Operation.put('a', '1')),
    store.apply(Operation.put('a', '2')),
    store.apply(Operation.remove('a')),
    store.apply(Operation.remove('a')),
  ]);
  assert.ok(must(results[0]) instanceof ApplyResult);
  assert.deepEqual(
    results.map((result) => ({ ...must(result) })),
    [
      {
        type: 'put',
        key: 'a',
        version: 1,
        applied: true,
        created: true,
        updated: false,
        deleted: false,
      },
      {
        type: 'put',
        key: 'a',
        version: 2,
        applied: true,
        created: false,
        updated: true,
        deleted: false,
      },
      {
        type: 'delete',
        key: 'a',
        version: 3,
        applied: true,
        created: false,
        updated: false,
        deleted: true,
      },
      {
        type: 'delete',
        key: 'a',
        version: 4,
        applied: true,
        created: false,
        updated: false,
        deleted: false,
      },
    ],
  );
});

test('a removal is "delete" in all that the store gives, and "remove" is taken for it', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const named = (type) => Object.assign(Operation.remove('a'), { type });
  const put = { type: 'put', key: 'a', value: '1' };
  for (const removal of [
    { type: 'delete', key: 'a' },
    { type: 'remove', key: 'a' },
    named('delete'),
    named('remove'),
  ]) {
    assert.equal(must(await store.batch([put, removal])).results[1].deleted, true);
  }
  for (const removal of [Operation.remove('a'), named('remove')]) {
    must(await store.put('a', '1'));
    const { type, deleted } = must(await store.apply(removal));
    assert.deepEqual([type, deleted], ['delete', true]);
    const decoded = OperationDecoder.decode(must(OperationEncoder.encode(removal)));
    assert.equal(must(decoded).type, 'delete');
  }
  const types = new Set();
  for await (const { operation } of store.operations()) types.add(operation.type);
  assert.deepEqual([...types], ['put', 'delete']);
  must(await store.put('a', '1'));
  const before = store.lastSequence();
  refused(await store.batch([named('del')]), 'invalid_argument', /"put", "delete" or "remove"/);
  refused(await store.apply(named('del')), 'invalid_argument', /"put", "delete" or "remove"/);
  refused(OperationEncoder.encode(named('del')), 'invalid_argument', /"put", "delete"/);
  assert.deepEqual([store.lastSequence(), store.getString('a')], [before, '1']);
});

test('the timestamp is kept, in memory and across a reopen', async (t) => {
  const work = workspace(t);
  const times = [0, 1, -1, 1_700_000_000_000, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
  const first = await work.open();
  for (const [index, timestamp] of times.entries()) {
    must(await first.apply(Operation.put(`k${index}`, 'x', { timestamp })));
  }
  const check = (store) =>
    assert.deepEqual(
      Array.from(store.entries(), ([, entry]) => entry.timestamp),
      times,
    );
  check(first);
  await first.close();
  check(await work.open());
});

test('an operation can travel as bytes from one store to another', async (t) => {
  const [here, there] = [memoryStore(t), memoryStore(t)];
  const operation = Operation.put('user:1', Buffer.from([0xff, 0]), { timestamp: 42 });
  const payload = must(OperationEncoder.encode(operation));
  await here.apply(operation);
  await there.apply(must(OperationDecoder.decode(payload)));
  const [a, b] = [must(here.get('user:1')), must(there.get('user:1'))];
  assert.equal(a.timestamp, 42);
  assert.equal(b.timestamp, 42);
  assert.ok(a.value.toBytes().equals(b.value.toBytes()));
});

test('apply keeps its place between other writes', async (t) => {
  const store = memoryStore(t);
  await Promise.all([
    store.put('a', 'first'),
    store.apply(Operation.put('a', 'second')),
    store.put('b', 'third'),
    store.apply(Operation.remove('b')),
  ]);
  assert.deepEqual(dump(store), [['a', 'second', 2]]);
});

test('an operation that waits for room keeps what it had', async (t) => {
  const config = StoreConfig.memoryOnly();
  config.stagedBytesLimit = 32;
  const store = new StoreEngine(config);
  t.after(() => store.close());
  const results = await Promise.all([
    store.put('a', 'x'.repeat(40)),
    store.apply(Operation.put('b', '2', { timestamp: 7 })),
    store.apply(Operation.remove('a')),
  ]);
  assert.deepEqual(
    results.map((result) => must(result).version),
    [1, 2, 3],
  );
  assert.deepEqual(dump(store), [['b', '2', 2]]);
  assert.equal(must(store.get('b')).timestamp, 7);
});

test('anything but an Operation is refused', async (t) => {
  const store = memoryStore(t);
  const plain = { type: 'put', key: 'a', value: '1', timestamp: 1 };
  for (const wrong of [undefined, null, 'put', plain]) {
    refused(await store.apply(wrong), 'invalid_argument', /Operation/);
  }
  assert.equal(store.size(), 0);
});

test('payloads that are applied to another store make it equal', async (t) => {
  const work = workspace(t);
  const [here, there] = [await work.open('a.wal'), await work.open('b.wal')];
  for (let n = 0; n < 200; n += 1) must(await here.put(`k${n}`, `v${n}`));
  must(await here.remove('k7'));
  for await (const { payload } of here.operations()) must(await there.apply(payload));
  const state = (store) =>
    Array.from(store.entries(), ([key, entry]) => [key, `${entry.value}`, entry.timestamp]);
  assert.deepEqual(state(there), state(here));
  assert.equal(there.size(), 199);
});

test('applying is idempotent, and the last one applied wins whatever its timestamp', async (t) => {
  const store = memoryStore(t);
  const [late, early] = [90, 10].map((timestamp) =>
    must(OperationEncoder.encode(Operation.put('k', String(timestamp), { timestamp }))),
  );
  for (const payload of [late, late, early, early]) must(await store.apply(payload));
  const entry = must(store.get('k'));
  assert.deepEqual([entry.value.toString(), entry.timestamp, entry.version], ['10', 10, 4]);
});

test('a payload that is none stores nothing', async (t) => {
  const store = memoryStore(t);
  const good = must(OperationEncoder.encode(Operation.put('k', 'v')));
  for (const bad of [Buffer.alloc(0), good.subarray(1), Buffer.concat([good, Buffer.alloc(1)])]) {
    refused(await store.apply(bad), 'invalid_argument', /^invalid payload: /);
  }
  for (const bad of ['text', 7, null, {}, { payload: good }]) {
    refused(await store.apply(bad), 'invalid_argument', /Operation or its payload/);
  }
  assert.deepEqual([store.size(), store.lastSequence()], [0, 0]);
});
