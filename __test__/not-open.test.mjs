// One rule for a store that is not open: what gives a result, or a promise of one, gives `invalid_state`; everything else
// throws it. Only what opens and closes a store can be called then.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, ClientOptions, Operation, StoreConfig, StoreEngine } from '@softadastra/store';
import { filesOf, must, refused, throws, workspace } from './helpers.mjs';

const GIVE = {
  put: (store) => store.put('a', '1'),
  remove: (store) => store.remove('a'),
  batch: (store) => store.batch([{ type: 'put', key: 'a', value: '1' }]),
  'batch of nothing': (store) => store.batch([]),
  apply: (store) => store.apply(Operation.put('a', '1')),
  applyBatch: (store) => store.applyBatch([Operation.put('a', '1')]),
  'applyBatch of nothing': (store) => store.applyBatch([]),
  putSync: (store) => store.putSync('a', '1'),
  removeSync: (store) => store.removeSync('a'),
  batchSync: (store) => store.batchSync([{ type: 'put', key: 'a', value: '1' }]),
  'batchSync of nothing': (store) => store.batchSync([]),
  applySync: (store) => store.applySync(Operation.put('a', '1')),
  applyBatchSync: (store) => store.applyBatchSync([Operation.put('a', '1')]),
  flushSync: (store) => store.flushSync(),
  update: (store) => store.update('a', () => '1'),
  get: (store) => store.get('a'),
  ready: (store) => store.ready(),
  load: (store) => store.load(['a']),
  flush: (store) => store.flush(),
  compact: (store) => store.compact(),
  sweep: (store) => store.sweep(),
  backup: (store) => store.backup('never.wal'),
  consumer: (store) => store.consumer('outbox'),
  removeConsumer: (store) => store.removeConsumer('outbox'),
};

const THROW = {
  getString: (store) => store.getString('a'),
  getBytes: (store) => store.getBytes('a'),
  getMany: (store) => store.getMany(['a']),
  contains: (store) => store.contains('a'),
  'contains of the empty key': (store) => store.contains(''),
  size: (store) => store.size(),
  empty: (store) => store.empty(),
  entries: (store) => store.entries(),
  keys: (store) => store.keys(),
  values: (store) => store.values(),
  snapshot: (store) => store.snapshot(),
  stats: (store) => store.stats(),
  operations: (store) => store.operations(),
  on: (store) => store.on('change', () => undefined),
  addListener: (store) => store.addListener('change', () => undefined),
  once: (store) => store.once('change', () => undefined),
  watch: (store) => store.watch(),
  lastSequence: (store) => store.lastSequence(),
  lastRecoveredSequence: (store) => store.lastRecoveredSequence(),
  recoveryReport: (store) => store.recoveryReport(),
};

/** What opens and closes a store, views of its calls, and what takes listeners away. */
const ALWAYS = ['recover', 'close', 'orThrow', 'as', 'off', 'removeListener'];

/** All calls are made before the first is waited for. */
async function checkRule(store, message) {
  const given = Object.entries(GIVE).map(([name, call]) => [name, call(store)]);
  for (const [name, call] of Object.entries(THROW)) {
    assert.throws(() => call(store), { name: 'SoftadastraError', code: 'invalid_state' }, name);
    throws(() => call(store), 'invalid_state', message);
  }
  for (const [name, result] of given) {
    assert.equal((await result).ok, false, name);
    refused(await result, 'invalid_state', message);
  }
}

test('every member of a store is under the rule, or opens or closes it', () => {
  const members = Object.getOwnPropertyNames(StoreEngine.prototype);
  const ruled = [...Object.keys(GIVE), ...Object.keys(THROW)].filter((name) => !name.includes(' '));
  assert.deepEqual(members.sort(), ['constructor', ...ruled, ...ALWAYS].sort());
});

test('a store that was never opened', async (t) => {
  const work = workspace(t);
  const store = work.track(new StoreEngine(StoreConfig.durable(work.file())));
  await checkRule(store, /not open/);
  assert.deepEqual(filesOf(work.dir), {});
  must(await store.recover());
  assert.equal(must(await store.put('a', '1')).version, 1);
});

test('a store that is being recovered', async (t) => {
  const work = workspace(t);
  const store = work.track(new StoreEngine(StoreConfig.durable(work.file())));
  const recovering = store.recover();
  const checked = checkRule(store, /recover\(\) is still running/);
  must(await recovering);
  await checked;
  assert.equal(store.contains(''), false);
});

for (const [name, config] of [
  ['in memory', () => StoreConfig.memoryOnly()],
  ['with a log', (work) => StoreConfig.durable(work.file())],
]) {
  test(`a store ${name} that was closed, from the call of close() on`, async (t) => {
    const work = workspace(t);
    const store = must(await StoreEngine.open(config(work)));
    must(await store.put('a', '1'));
    const closing = store.close();
    const checked = checkRule(store, /the store is closed/);
    must(await closing);
    await checked;
    await checkRule(store, /the store is closed/);
    refused(await store.recover(), 'invalid_state', /the store is closed/);
    must(await store.close());
    must(await store.orThrow.close().then(() => store.close()));
  });
}

test('iterators that were begun before, and consumers', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  for (const key of ['a', 'b', 'c']) must(await store.put(key, '1'));
  const begun = [store.entries(), store.keys(), store.values()];
  const over = store.keys({ limit: 1 });
  assert.deepEqual([...over], ['a']);
  for (const iterator of begun) assert.equal(iterator.next().done, false);
  const consumer = must(await store.consumer('outbox'));
  must(await store.close());
  for (const iterator of begun) {
    throws(() => iterator.next(), 'invalid_state', /the store is closed/);
    assert.deepEqual(iterator.next(), { done: true, value: undefined });
  }
  assert.equal(over.next().done, true);
  throws(() => consumer.position(), 'invalid_state', /the store is closed/);
  throws(() => consumer.operations(), 'invalid_state', /the store is closed/);
  refused(await consumer.acknowledge(0), 'invalid_state', /the store is closed/);
});

test('a client keeps its documented answers', async (t) => {
  const work = workspace(t);
  const client = new Client(ClientOptions.persistent('node-a', work.file()));
  const check = async (message) => {
    assert.deepEqual([client.contains('a'), client.contains('')], [false, false]);
    assert.deepEqual([client.size(), client.empty()], [0, true]);
    refused(await client.put('a', '1'), 'invalid_state', message);
    refused(await client.get('a'), 'invalid_state', message);
    refused(await client.remove('a'), 'invalid_state', message);
  };
  await check(/not open/);
  must(await client.open());
  must(await client.put('a', '1'));
  assert.deepEqual([client.contains('a'), client.contains(''), client.size()], [true, false, 1]);
  must(await client.close());
  await check(/closed/);
});
