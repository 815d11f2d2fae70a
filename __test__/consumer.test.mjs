// A consumer goes on where it acknowledged last, across restarts and compactions, and nothing that it needs is dropped.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Consumer, StoreConfig, StoreEngine } from '@softadastra/store';
import { memoryStore, must, refused, throws, workspace } from './helpers.mjs';

const MANUAL = { compaction: false };

async function fill(store, count) {
  const puts = Array.from({ length: count }, (_, n) => store.put(`k${n}`, 'x'));
  for (const result of await Promise.all(puts)) must(result);
}

async function read(consumer, count) {
  const sequences = [];
  for await (const { sequence } of consumer.operations()) {
    sequences.push(sequence);
    if (sequences.length === count) break;
  }
  return sequences;
}

const upTo = (from, to) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

test('a consumer begins with the whole history and goes on after what it acknowledged', async (t) => {
  const store = await workspace(t).open();
  await fill(store, 20);
  const consumer = must(await store.consumer('outbox'));
  assert.ok(consumer instanceof Consumer);
  assert.deepEqual([consumer.name, consumer.position()], ['outbox', 0]);
  assert.deepEqual(await read(consumer, 10), upTo(1, 10));
  must(await consumer.acknowledge(7));
  assert.equal(consumer.position(), 7);
  assert.deepEqual(await read(consumer), upTo(8, 20));
  must(await consumer.acknowledge(20));
  assert.deepEqual(await read(consumer), []);
  assert.deepEqual(store.stats().consumers, [{ name: 'outbox', position: 20 }]);
});

test('a position survives a restart, a compaction, and both', async (t) => {
  const work = workspace(t);
  let store = await work.open(undefined, MANUAL);
  await fill(store, 50);
  const reopen = async () => {
    must(await store.close());
    store = await work.open(undefined, MANUAL);
    return must(await store.consumer('outbox', { since: 3 }));
  };
  let consumer = must(await store.consumer('outbox'));
  await read(consumer, 30);
  must(await consumer.acknowledge(30));
  consumer = await reopen();
  assert.deepEqual(await read(consumer), upTo(31, 50));
  assert.ok(must(await store.compact()).floor <= 30);
  assert.deepEqual(await read(consumer), upTo(31, 50));
  consumer = await reopen();
  assert.equal(consumer.position(), 30);
  assert.deepEqual(await read(consumer), upTo(31, 50));
});

test('a compaction keeps what a consumer needs, and drops it when the consumer is removed', async (t) => {
  const store = await workspace(t).open(undefined, MANUAL);
  const consumer = must(await store.consumer('outbox'));
  for (let n = 0; n < 10; n += 1) must(await store.put('k', 'x'.repeat(100_000)));
  assert.equal(must(await store.compact()).floor, 0);
  assert.ok(store.stats().heldBytes > 900_000, `${store.stats().heldBytes} bytes held`);
  await read(consumer);
  must(await consumer.acknowledge(10));
  assert.equal(store.stats().heldBytes, 0);
  assert.equal(must(await store.compact()).floor, 10);
  await fill(store, 5);
  must(await store.removeConsumer('outbox'));
  assert.deepEqual(store.stats().consumers, []);
  assert.equal(must(await store.compact()).floor, 15);
});

test('acknowledging ahead of what was read, or backwards, is refused', async (t) => {
  const store = await workspace(t).open();
  await fill(store, 20);
  const consumer = must(await store.consumer('outbox'));
  refused(await consumer.acknowledge(1), 'invalid_argument', /not been read yet/);
  await read(consumer, 10);
  refused(await consumer.acknowledge(11), 'invalid_argument', /has read up to 10/);
  must(await consumer.acknowledge(10));
  must(await consumer.acknowledge(10));
  refused(await consumer.acknowledge(9), 'invalid_argument', /from 10 to 20, not 9/);
  for (const sequence of [-1, 1.5, '10', undefined, 2 ** 53]) {
    refused(await consumer.acknowledge(sequence), 'invalid_argument', /sequence must be/);
  }
  const other = must(await store.consumer('outbox'));
  refused(await other.acknowledge(11), 'invalid_argument', /has read up to 10/);
  assert.equal(consumer.position(), 10);
});

test('a consumer that is unknown or was removed is not_found', async (t) => {
  const store = await workspace(t).open();
  await fill(store, 5);
  const consumer = must(await store.consumer('outbox'));
  await read(consumer);
  must(await store.removeConsumer('outbox'));
  const gone = refused(await consumer.acknowledge(5), 'not_found', /unknown consumer/);
  assert.equal(gone.context, 'outbox');
  throws(() => consumer.position(), 'not_found', /unknown consumer/);
  await assert.rejects(consumer.operations().next(), { code: 'not_found' });
  refused(await store.removeConsumer('outbox'), 'not_found', /unknown consumer/);
  refused(await store.removeConsumer('never'), 'not_found', /unknown consumer/);
});

test('a consumer that comes too late learns the floor, and begins after a snapshot', async (t) => {
  const store = await workspace(t).open();
  await fill(store, 30);
  must(await store.compact());
  refused(await store.consumer('late'), 'not_found', /after 30/);
  assert.deepEqual(store.stats().consumers, []);
  const consumer = must(await store.consumer('late', { since: store.lastSequence() }));
  must(await store.put('more', '1'));
  const snapshot = store.snapshot();
  assert.equal(snapshot.lastSequence(), 31);
  assert.equal(snapshot.size(), 31);
  assert.deepEqual(await read(consumer), [31]);
});

test('bad names and places of consumers are refused', async (t) => {
  const store = await workspace(t).open();
  await fill(store, 3);
  for (const name of ['', 'x'.repeat(256), 'é'.repeat(128), '\ud800', 7, undefined, null]) {
    refused(await store.consumer(name), 'invalid_argument', /name of a consumer/);
    refused(await store.removeConsumer(name), 'invalid_argument', /name of a consumer/);
  }
  must(await store.consumer('é'.repeat(127)));
  for (const since of [-1, 1.5, '1', null, 4]) {
    refused(await store.consumer('outbox', { since }), 'invalid_argument', /since/);
  }
  refused(await store.consumer('outbox', { sinse: 1 }), 'invalid_argument', /"since"/);
  throws(() => new Consumer(), 'invalid_argument', /StoreEngine\.consumer/);
  refused(await memoryStore(t).consumer('outbox'), 'invalid_state', /memory-only/);
});

test('a consumer of a closed store can do nothing', async (t) => {
  const { file } = workspace(t);
  const store = must(await StoreEngine.open(StoreConfig.durable(file())));
  const consumer = must(await store.consumer('outbox'));
  must(await store.close());
  refused(await consumer.acknowledge(0), 'invalid_state', 'the store is closed');
  throws(() => consumer.position(), 'invalid_state', 'the store is closed');
  throws(() => consumer.operations(), 'invalid_state', 'the store is closed');
  refused(await store.consumer('outbox'), 'invalid_state', 'the store is closed');
  refused(await store.removeConsumer('outbox'), 'invalid_state', 'the store is closed');
});

test('misspelt options of a consumer are refused', async (t) => {
  const store = await workspace(t).open();
  const consumer = must(await store.consumer('outbox'));
  throws(() => consumer.operations({ folow: true }), 'invalid_argument', /"follow"/);
  throws(() => consumer.operations({ since: 1 }), 'invalid_argument', /"since"/);
});

test('acknowledgements keep their order with the writes around them', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  await fill(store, 100);
  const consumer = must(await store.consumer('outbox'));
  await read(consumer);
  const calls = upTo(1, 50).flatMap((n) => [consumer.acknowledge(n), store.put(`w${n}`, 'x')]);
  for (const result of await Promise.all(calls)) must(result);
  must(await store.close());
  const again = await work.open();
  assert.equal(must(await again.consumer('outbox')).position(), 50);
  assert.equal(again.lastSequence(), 150);
});
