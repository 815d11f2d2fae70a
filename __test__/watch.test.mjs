// A watch tells of every committed change of a range, once and in order, from its call on. A slow reader holds nobody up.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Change, Key, Operation, StoreConfig, StoreEngine } from '@softadastra/store';
import { dump, memoryStore, must, refused, throws, workspace } from './helpers.mjs';
import { change as changeLog, MANUAL, makeLog } from './indexed.mjs';
import { Thread } from './thread.mjs';
import { applied, plain, until } from './watched.mjs';

const KINDS = [
  ['in memory', () => StoreConfig.memoryOnly()],
  ['durable', (work) => StoreConfig.durable(work.file())],
  ['buffered', (work) => StoreConfig.fast(work.file())],
];

async function openAs(t, config) {
  const work = workspace(t);
  return work.track(must(await StoreEngine.open(config(work))));
}

for (const [name, config] of KINDS) {
  test(`a store ${name}: every change from the call on, whichever call makes it`, async (t) => {
    const store = await openAs(t, config);
    must(await store.put('before', 'x'));
    const watch = store.watch();
    must(await store.put('a', '1'));
    must(store.putSync('ü', 'Zürich'));
    must(await store.remove('missing'));
    must(
      await store.batch([
        { type: 'remove', key: 'a' },
        { type: 'put', key: 'b', value: '' },
      ]),
    );
    const bytes = Buffer.from([0xff, 0x00]);
    must(await store.apply(Operation.put('c', bytes, { timestamp: 7 })));
    must(await store.update('b', () => 'updated'));
    const changes = await until(watch, 8);
    assert.deepEqual(changes.map(plain), [
      ['put', 'a', '1', 2],
      ['put', 'ü', 'Zürich', 3],
      ['remove', 'a', undefined, 5],
      ['put', 'b', '', 6],
      ['put', 'c', '\ufffd\0', 7],
      ['put', 'b', 'updated', 8],
    ]);
    assert.ok(changes.every((change) => change instanceof Change && !change.overflow));
    assert.deepEqual([changes[4].timestamp, changes[4].value.toBytes()], [7, bytes]);
    assert.equal(changes[5].timestamp, must(store.get('b')).timestamp);
  });

  test(`a store ${name}: a change is visible when it is told`, async (t) => {
    const store = await openAs(t, config);
    const watch = store.watch();
    const writing = Array.from({ length: 500 }, (_, n) => store.put(`k${n % 7}`, String(n)));
    for (let told = 0; told < 500; told += 1) {
      const { key, version, value } = (await watch.next()).value;
      assert.equal(version, told + 1);
      const now = must(store.get(key));
      assert.ok(now.version > version || now.value.toString() === value.toString());
    }
    for (const result of await Promise.all(writing)) must(result);
  });
}

test('only changes of the range are told', async (t) => {
  const store = memoryStore(t);
  const ranges = [
    { prefix: 'b' },
    { gt: 'b', lte: new Key('c') },
    { gte: 'a', lt: 'b' },
    { lt: '' },
  ];
  const watches = [undefined, {}, ...ranges].map((range) => store.watch(range));
  for (const key of ['a', 'b', 'bb', 'c', 'd']) must(await store.put(key, 'x'));
  must(await store.close());
  const told = [];
  for (const watch of watches) {
    const keys = [];
    for await (const { key } of watch) keys.push(key);
    told.push(keys.join(' '));
  }
  assert.deepEqual(told, ['a b bb c d', 'a b bb c d', 'b bb', 'bb c', 'a', '']);
});

test('a refused write is not told', async (t) => {
  const store = memoryStore(t);
  const watch = store.watch();
  refused(await store.put('a', '1', { ifVersion: 3 }), 'invalid_state');
  const batch = [
    { type: 'put', key: 'b', value: '1' },
    { type: 'remove', key: 'c', ifVersion: 3 },
  ];
  refused(await store.batch(batch), 'invalid_state');
  must(await store.put('d', '1'));
  assert.deepEqual(plain((await watch.next()).value), ['put', 'd', '1', 1]);
});

test('threads hear of the writes of each other', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const thread = new Thread(t);
  await thread.open(work.file());
  const watch = store.watch();
  const [own, others] = [thread.call('watched', 300), thread.call('putAll', 'thread', 100)];
  await others;
  for (let n = 0; n < 200; n += 1) must(await store.put(`main/${n % 5}`, String(n)));
  const changes = await until(watch, 300);
  assert.equal(changes.length, 300);
  assert.deepEqual(applied(changes), dump(store));
  assert.deepEqual(await own, changes.map(plain));
});

test('a reader that does not read gets the last change of each key, and where something is missing', async (t) => {
  for (const [, config] of KINDS) {
    const store = await openAs(t, config);
    must(await store.put('before', 'x'));
    must(await store.put('gone', 'x'));
    const slow = store.watch();
    const quick = store.watch({ prefix: 'k1' });
    const value = 'x'.repeat(2000);
    const writes = [];
    for (let n = 0; n < 3000; n += 1) writes.push(store.put(`k${n % 10}`, `${n} ${value}`));
    writes.push(store.remove('gone'), store.put('new', 'x'), store.remove('new'));
    for (const result of await Promise.all(writes)) must(result);
    const version = store.lastSequence();
    const changes = [];
    for (const change of await until(slow, version - 2)) changes.push(change);
    assert.ok(changes.length < 600, `${changes.length} changes wait`);
    assert.ok(changes.some(({ overflow }) => overflow));
    assert.equal(changes.at(-1).key, 'gone');
    const before = new Map([
      ['before', ['before', 'x', 1]],
      ['gone', ['gone', 'x', 2]],
    ]);
    assert.deepEqual(applied(changes, before), dump(store));
    must(await store.put('a', 'x'));
    const next = (await slow.next()).value;
    assert.deepEqual([next.key, next.overflow], ['a', true], '"new" came and went');
    must(await store.put('a', 'y'));
    assert.equal((await slow.next()).value.overflow, false, 'it has caught up');
    assert.equal((await quick.next()).value.key, 'k1');
  }
});

test('values of every length are those of the store, also when they are replaced at once', async (t) => {
  const store = memoryStore(t);
  const watch = store.watch();
  const values = ['', 'x'.repeat(1024), 'x'.repeat(1025), 'ü'.repeat(5000), 'x'.repeat(100_000)];
  const puts = values.flatMap((value) => [store.put('a', value), store.put('a', `${value}!`)]);
  for (const result of await Promise.all(puts)) must(result);
  for (const value of values) {
    assert.equal((await watch.next()).value.value.toString(), value);
    assert.equal((await watch.next()).value.value.toString(), `${value}!`);
  }
});

test('several steps that are asked for at once are answered in order', async (t) => {
  const store = memoryStore(t);
  const watch = store.watch();
  const steps = Array.from({ length: 5 }, () => watch.next());
  for (let n = 0; n < 5; n += 1) must(await store.put('a', String(n)));
  const versions = (await Promise.all(steps)).map(({ value }) => value.version);
  assert.deepEqual(versions, [1, 2, 3, 4, 5]);
});

test('a store that is not replayed yet, and one with a memory limit, tell of the same', async (t) => {
  for (const options of [MANUAL, { ...MANUAL, memoryLimit: 1 << 20 }]) {
    const work = workspace(t);
    await makeLog(work.file());
    const store = await work.open(undefined, options);
    const before = new Map(dump(store).map((entry) => [entry[0], entry]));
    const watch = store.watch();
    const since = store.lastSequence();
    await changeLog(store);
    must(await store.ready());
    must(await store.put('last', 'x'));
    const changes = await until(watch, store.lastSequence());
    assert.equal(changes[0].version, since + 1);
    assert.equal(changes.length, store.lastSequence() - since, 'each is a change');
    assert.deepEqual(
      applied(changes, before),
      dump(store).sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }
});

test('bad input is refused at once', (t) => {
  const store = memoryStore(t);
  throws(() => store.watch({ prefx: 'a' }), 'invalid_argument', /did you mean "prefix"/);
  throws(() => store.watch({ limit: 1 }), 'invalid_argument', /unknown option "limit" for watch/);
  throws(() => store.watch({ reverse: true }), 'invalid_argument', /unknown option "reverse"/);
  throws(() => store.watch({ gt: 5 }), 'invalid_argument', /gt must be a string or a Key/);
  throws(() => store.watch({ gt: '\ud800' }), 'invalid_argument', /well-formed/);
  for (const range of [null, 'a', 5, []]) {
    throws(() => store.watch(range), 'invalid_argument', /must be an object/);
  }
  throws(() => store.watch({}, { signl: 1 }), 'invalid_argument', /did you mean "signal"/);
  throws(() => store.watch({}, { signal: 1 }), 'invalid_argument', /AbortSignal/);
  throws(() => store.watch({}, null), 'invalid_argument', /must be an object/);
});
