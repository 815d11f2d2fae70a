// An entry that has expired is not seen by any call, and is removed by an ordinary operation.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Entry, readLog, StoreConfig, StoreEngine, SweepReport } from '@softadastra/store';
import { memoryStore, must, refused, workspace } from './helpers.mjs';
import { threads } from './thread.mjs';

/** The year 9999. */
const FUTURE = 253_370_764_800_000;
const DAY = 86_400_000;

test('an entry says when it expires, and no call sees it after that', async (t) => {
  const store = memoryStore(t);
  const before = Date.now();
  must(await store.put('a', '1', { ttlMs: DAY }));
  must(await store.put('b', '2', { expiresAt: FUTURE }));
  must(await store.put('c', '3'));
  must(await store.put('d', '4', { expiresAt: 1 }));
  const entry = must(store.get('a'));
  assert.ok(entry instanceof Entry);
  assert.ok(entry.expiresAt >= before + DAY && entry.expiresAt <= Date.now() + DAY);
  assert.equal(must(store.get('b')).expiresAt, FUTURE);
  assert.equal('expiresAt' in must(store.get('c')), false);
  refused(store.get('d'), 'not_found');
  const seen = [store.getString('d'), store.getBytes('d'), store.contains('d')];
  assert.deepEqual(seen, [undefined, undefined, false]);
  assert.deepEqual(store.getMany(['c', 'd', 'b']), ['3', undefined, '2']);
  assert.deepEqual([...store.keys()], ['a', 'b', 'c']);
  assert.deepEqual([...store.keys({ reverse: true, limit: 1 })], ['c']);
  const expiries = Array.from(store.entries(), ([key, { expiresAt }]) => [key, expiresAt]);
  assert.deepEqual(expiries, [
    ['a', entry.expiresAt],
    ['b', FUTURE],
    ['c', undefined],
  ]);
  const snapshot = store.snapshot();
  assert.deepEqual([...snapshot.keys()], ['a', 'b', 'c']);
  assert.deepEqual([must(snapshot.get('b')).expiresAt, snapshot.get('d').isErr()], [FUTURE, true]);
  snapshot.close();
});

test('a page of a scan is not empty because all that it met has expired', async (t) => {
  const store = memoryStore(t);
  const puts = Array.from({ length: 3000 }, (_, i) => ({
    type: 'put',
    key: String(i).padStart(5, '0'),
    value: 'x',
    expiresAt: i % 1000 === 999 ? FUTURE : 1,
  }));
  must(await store.batch(puts));
  const live = ['00999', '01999', '02999'];
  assert.deepEqual([...store.keys()], live);
  assert.deepEqual([...store.keys({ reverse: true })], live.toReversed?.() ?? [...live].reverse());
  assert.deepEqual([...store.keys({ limit: 2 })], live.slice(0, 2));
});

test('every call that puts takes the options', async (t) => {
  const store = memoryStore(t);
  const expiryOf = (key) => must(store.get(key)).expiresAt;
  const options = { expiresAt: FUTURE };
  must(store.putSync('a', '1', options));
  must(await store.batch([{ type: 'put', key: 'b', value: '1', ...options }]));
  must(store.batchSync([{ type: 'put', key: 'c', value: '1', ...options }]));
  must(await store.update('d', () => '1', options));
  const json = store.as('json');
  must(await json.put('e', 1, options));
  must(json.putSync('f', 1, options));
  must(await json.batch([{ type: 'put', key: 'g', value: 1, ...options }]));
  must(await json.update('h', () => 1, options));
  assert.deepEqual([...'abcdefgh'].map(expiryOf), new Array(8).fill(FUTURE));
  assert.equal(must(json.get('e')).expiresAt, FUTURE);
  await store.orThrow.put('a', '2', { ttlMs: DAY });
  assert.ok(expiryOf('a') < FUTURE);
  must(await store.put('a', '3'));
  must(await store.update('d', (entry) => `${entry.value}+`));
  assert.deepEqual([expiryOf('a'), expiryOf('d')], [undefined, undefined]);
  must(await store.update('h', (entry) => entry, { expiresAt: 1 }));
  assert.equal(expiryOf('h'), FUTURE, 'what is left as it is does not expire earlier');
});

test('for conditions, updates and results it is missing', async (t) => {
  const store = memoryStore(t);
  const gone = { expiresAt: 1 };
  const { version } = must(await store.put('a', '1', gone));
  refused(await store.put('a', '2', { ifVersion: version }), 'invalid_state');
  refused(await store.remove('a', { ifVersion: version }), 'invalid_state');
  assert.equal(must(await store.put('a', '2', { ifVersion: 0, ...gone })).created, true);
  assert.equal(must(await store.put('a', '3', gone)).created, true);
  assert.equal(must(await store.remove('a')).deleted, false);
  must(await store.put('a', '4', gone));
  assert.equal(must(await store.update('a', (entry) => entry?.value ?? 'new')).created, true);
  assert.equal(store.getString('a'), 'new');
});

test('a sweep removes it by an operation that says nothing of expiry', async (t) => {
  const { open } = workspace(t);
  const store = await open();
  const changes = store.watch();
  must(await store.put('b', '2', { expiresAt: FUTURE }));
  must(await store.put('a', '1', { expiresAt: 1 }));
  const report = must(await store.sweep());
  assert.ok(report instanceof SweepReport);
  while (store.size() > 1) await turn();
  const seen = [];
  for await (const { type, key } of changes) {
    seen.push(`${type} ${key}`);
    if (type === 'remove') break;
  }
  assert.deepEqual(seen, ['put b', 'put a', 'remove a']);
  const other = memoryStore(t);
  for await (const { payload } of store.operations()) {
    must(await other.apply(payload));
  }
  const entries = Array.from(other.entries(), ([key, entry]) => [key, entry.expiresAt]);
  assert.deepEqual(entries, [['b', undefined]]);
  const aborted = new AbortController();
  aborted.abort();
  refused(await store.sweep({ signal: aborted.signal }), 'invalid_state');
});

test('it goes by itself', async (t) => {
  const store = memoryStore(t);
  must(await store.put('a', '1', { ttlMs: 1 }));
  while (store.contains('a')) await turn();
  while (store.size() > 0) await turn();
  assert.equal(store.lastSequence(), 2);
});

test('expiries are there after a restart, a compaction and a backup, and in readLog', async (t) => {
  const { file, open } = workspace(t);
  const store = await open();
  must(await store.put('a', '1', { expiresAt: FUTURE }));
  must(await store.put('b', 'x'.repeat(5000), { expiresAt: FUTURE + 1 }));
  must(await store.put('c', '3'));
  const expiries = (one) => Array.from(one.entries(), ([key, { expiresAt }]) => [key, expiresAt]);
  const expected = [
    ['a', FUTURE],
    ['b', FUTURE + 1],
    ['c', undefined],
  ];
  must(await store.compact());
  must(await store.backup(file('copy.wal')));
  assert.equal(must(store.get('b')).expiresAt, FUTURE + 1, 'of a long value');
  must(await store.close());
  for (const name of ['store.wal', 'copy.wal']) {
    const snapshot = must(await readLog(file(name)));
    assert.deepEqual(expiries(snapshot), expected);
    snapshot.close();
    assert.deepEqual(expiries(await open(name)), expected);
  }
});

test('what cannot be a time is refused, and nothing is stored', async (t) => {
  const store = memoryStore(t);
  const wrong = [0, -1, 0.5, Number.NaN, Infinity, 2 ** 53, '5', null, 5n, new Date(), {}, true];
  for (const name of ['ttlMs', 'expiresAt']) {
    for (const value of wrong) {
      const options = { [name]: value };
      const put = { type: 'put', key: 'a', value: '1', ...options };
      const results = [
        await store.put('a', '1', options),
        store.putSync('a', '1', options),
        await store.batch([{ type: 'put', key: 'b', value: '1' }, put]),
        await store.update('a', () => '1', options),
        await store.as('json').put('a', 1, options),
        await store.apply({ type: 'put', key: 'a', value: '1', timestamp: 1 }, options),
      ];
      for (const result of results) {
        refused(result, 'invalid_argument');
      }
    }
  }
  const both = await store.put('a', '1', { ttlMs: 1, expiresAt: 1 });
  assert.match(refused(both, 'invalid_argument').message, /not both/);
  refused(
    await store.put('a', '1', { ttl: 1 }),
    'invalid_argument',
    /unknown option "ttl" for put/,
  );
  refused(await store.remove('a', { ttlMs: 1 }), 'invalid_argument');
  refused(await store.batch([{ type: 'remove', key: 'a', ttlMs: 1 }]), 'invalid_argument');
  refused(await store.sweep({ force: true }), 'invalid_argument');
  assert.deepEqual([store.size(), store.lastSequence()], [0, 0]);
  must(await store.put('a', '1', { ttlMs: Number.MAX_SAFE_INTEGER }));
  assert.equal(must(store.get('a')).expiresAt, Number.MAX_SAFE_INTEGER);
});

test('without automatic sweeps what has expired stays until it is asked for', async (t) => {
  const { file, track } = workspace(t);
  const kept = [
    { path: file(), sweep: false },
    { mode: 'memory', sweep: false },
  ];
  const [logged, memory] = await Promise.all(
    kept.map(async (options) => track(must(await StoreEngine.open(options)))),
  );
  const other = memoryStore(t);
  const stores = [logged, memory, other];
  for (const store of stores) must(await store.put('a', '1', { expiresAt: 1 }));
  while (other.size() > 0) await turn();
  for (const store of [logged, memory]) {
    assert.deepEqual([store.contains('a'), store.size(), store.lastSequence()], [false, 1, 1]);
    assert.equal(must(await store.sweep()).removed, 1);
    assert.deepEqual([store.size(), store.lastSequence()], [0, 2]);
  }
  for (const sweep of [0, null, 'no']) {
    refused(await StoreEngine.open({ path: file('b.wal'), sweep }), 'invalid_argument', /sweep/);
  }
});

test('a write that waits for room keeps its expiry', async (t) => {
  const { file, track } = workspace(t);
  const config = StoreConfig.durable(file(), { stagedBytesLimit: 1 });
  const store = track(must(await StoreEngine.open(config)));
  const puts = Array.from({ length: 50 }, (_, i) =>
    store.put(`${i}`, 'x'.repeat(1000), { expiresAt: FUTURE + i }),
  );
  (await Promise.all(puts)).forEach(must);
  for (let i = 0; i < 50; i += 1) {
    assert.equal(must(store.get(`${i}`)).expiresAt, FUTURE + i);
  }
});

test('threads see the same expiries', async (t) => {
  const { file, open } = workspace(t);
  const store = await open();
  must(await store.put('a', '1', { expiresAt: FUTURE }));
  must(await store.put('b', '1', { expiresAt: 1 }));
  const [thread] = await threads(t, 1, file());
  assert.deepEqual(await thread.call('dump'), [['a', '1', 1]]);
  must(await store.sweep());
  assert.equal(store.size(), 1);
});
