// A snapshot is the state of one moment: later writes, and even the end of the store, do not change it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Entry, Key, readLog, Snapshot, SnapshotBuilderStore, Value } from '@softadastra/store';
import { dump, filesOf, memoryStore, must, refused, throws, workspace } from './helpers.mjs';

async function fill(store, count) {
  const operations = Array.from({ length: count }, (_, n) => ({
    type: 'put',
    key: `k${String(n).padStart(4, '0')}`,
    value: `v${n}`,
  }));
  must(await store.batch(operations));
}

test('a snapshot reads like the store it was taken from', async (t) => {
  const store = memoryStore(t);
  await fill(store, 1000);
  const snapshot = store.snapshot();
  assert.ok(snapshot instanceof Snapshot);
  assert.equal(snapshot.size(), 1000);
  assert.deepEqual(dump(snapshot), dump(store));
  assert.deepEqual([...snapshot.keys()], [...store.keys()]);
  const range = { gt: 'k0003', lte: 'k0900', reverse: true, limit: 300 };
  assert.deepEqual([...snapshot.keys(range)], [...store.keys(range)]);
  assert.equal(
    [...snapshot.values({ prefix: 'k001' })].join(),
    [...store.values({ prefix: 'k001' })].join(),
  );
  const entry = must(snapshot.get(new Key('k0007')));
  assert.ok(entry instanceof Entry);
  assert.deepEqual([entry.key, entry.value.toString(), entry.version], ['k0007', 'v7', 8]);
  assert.equal(entry.timestamp, must(store.get('k0007')).timestamp);
  assert.equal(refused(snapshot.get('no'), 'not_found', 'key not found').context, 'no');
});

test('all() gives every key with its value', async (t) => {
  const store = memoryStore(t);
  await fill(store, 3);
  const pairs = [...store.snapshot().all()];
  assert.ok(pairs[0][1] instanceof Value);
  assert.deepEqual(
    pairs.map(([key, value]) => `${key}=${value}`),
    ['k0000=v0', 'k0001=v1', 'k0002=v2'],
  );
});

test('later writes do not show in a snapshot, nor in a scan of it that has begun', async (t) => {
  const store = memoryStore(t);
  await fill(store, 1000);
  const snapshot = store.snapshot();
  const before = dump(store);
  const running = snapshot.entries();
  const seen = [running.next().value[0]];
  for (let round = 0; round < 3; round += 1) {
    await fill(store, 1500);
    await store.batch(
      Array.from({ length: 500 }, (_, n) => ({
        type: 'remove',
        key: `k${String(n * 2).padStart(4, '0')}`,
      })),
    );
  }
  for (const [key] of running) seen.push(key);
  assert.deepEqual(
    seen,
    before.map(([key]) => key),
  );
  assert.deepEqual(dump(snapshot), before);
  assert.equal(snapshot.size(), 1000);
  assert.notDeepEqual(dump(store), before);
});

test('snapshots of different moments live side by side', async (t) => {
  const store = memoryStore(t);
  const moments = [];
  for (let n = 0; n < 50; n += 1) {
    await store.put('a', String(n));
    moments.push(store.snapshot());
  }
  moments.forEach((snapshot, n) => {
    assert.equal(must(snapshot.get('a')).value.toString(), String(n));
  });
});

test('a snapshot outlives its store', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  await fill(store, 300);
  const before = dump(store);
  const snapshot = store.snapshot();
  await store.close();
  assert.deepEqual(dump(snapshot), before);
});

test('bad keys and options are refused as the store refuses them', (t) => {
  const snapshot = memoryStore(t).snapshot();
  refused(snapshot.get(''), 'invalid_argument', 'invalid key: key is empty');
  refused(snapshot.get(7), 'invalid_argument', /^invalid key: /);
  throws(() => snapshot.keys({ perfix: 'a' }), 'invalid_argument', /"prefix"/);
  throws(() => new Snapshot(), 'invalid_argument', /snapshot\(\)/);
});

test('a snapshot built from a log agrees with the store that wrote it', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  await fill(store, 1000);
  await store.remove('k0005');
  await store.put('k0006', Buffer.from([0xff]));
  const before = dump(store);
  await store.close();
  const files = filesOf(work.dir);
  const snapshot = must(await SnapshotBuilderStore.build(work.file()));
  assert.ok(snapshot instanceof Snapshot);
  assert.deepEqual(dump(snapshot), before);
  assert.deepEqual(filesOf(work.dir), files, 'building changes no file');
});

test('readLog reads a log that is open elsewhere, as build does, and changes nothing', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  await fill(store, 10);
  const files = filesOf(work.dir);
  const read = must(await readLog(work.file()));
  assert.deepEqual(dump(read), dump(store));
  assert.deepEqual(read.size(), must(await SnapshotBuilderStore.build(work.file())).size());
  must(await readLog(work.file(), { onProgress: () => undefined }));
  const misspelt = await readLog(work.file(), { onprogress: () => undefined });
  refused(misspelt, 'invalid_argument', /"onprogress" for readLog: did you mean "onProgress"/);
  refused(await readLog(''), 'invalid_argument', 'invalid WAL path: path is empty');
  refused(await readLog(work.file('none/a.wal')), 'io_error', /directory does not exist/);
  assert.deepEqual(filesOf(work.dir), files);
});

test('a log that nobody can read gives no snapshot', async (t) => {
  const work = workspace(t);
  refused(
    await SnapshotBuilderStore.build(''),
    'invalid_argument',
    'invalid WAL path: path is empty',
  );
  refused(await SnapshotBuilderStore.build(7), 'invalid_argument', /^invalid WAL path: /);
  refused(await SnapshotBuilderStore.build(work.file('missing.wal')), 'io_error', /missing\.wal/);
  refused(await SnapshotBuilderStore.build(work.file('no/store.wal')), 'io_error');
  refused(await SnapshotBuilderStore.build(work.dir), 'io_error');
  assert.deepEqual(filesOf(work.dir), {}, 'building creates no file');
});

test('a snapshot that was closed is let go at once and says so to everybody who uses it', async (t) => {
  const store = memoryStore(t);
  await fill(store, 600);
  const snapshot = store.snapshot();
  const begun = snapshot.entries();
  begun.next();
  assert.equal(store.stats().snapshots, 1);
  snapshot.close();
  assert.equal(store.stats().snapshots, 0);
  const closed = ['invalid_state', 'the snapshot is closed'];
  refused(snapshot.get('k0001'), ...closed);
  for (const use of [
    () => snapshot.size(),
    () => snapshot.lastSequence(),
    () => snapshot.all(),
    () => snapshot.keys(),
    () => snapshot.entries(),
    () => snapshot.values(),
    () => begun.next(),
  ]) {
    throws(use, ...closed);
  }
  assert.deepEqual(begun.next(), { done: true, value: undefined });
  snapshot.close();
  snapshot[Symbol.dispose ?? Symbol.for('Symbol.dispose')]();
  assert.equal(store.size(), 600);
});

test('an iterator of a snapshot that is at its end needs it no more', async (t) => {
  const store = memoryStore(t);
  await fill(store, 3);
  const snapshot = store.snapshot();
  const keys = snapshot.keys();
  assert.equal([...keys].length, 3);
  const left = snapshot.keys();
  for (const _ of left) break;
  snapshot.close();
  for (const over of [keys, left]) {
    assert.deepEqual(over.next(), { done: true, value: undefined });
  }
});

test('snapshots that are dropped are collected for the memory that they hold', async (t) => {
  const store = memoryStore(t);
  const value = 'x'.repeat(1000);
  const put = (n) => ({ type: 'put', key: `k${n % 20_000}`, value });
  must(await store.batch(Array.from({ length: 20_000 }, (_, n) => put(n))));
  let most = 0;
  for (let round = 0; round < 600; round += 1) {
    store.snapshot();
    must(await store.batch(Array.from({ length: 16 }, (_, n) => put(round * 977 + n * 1231))));
    most = Math.max(most, store.stats().snapshots);
  }
  assert.ok(most < 300, `${most} snapshots at once`);
});

test('building a snapshot can be watched and aborted', async (t) => {
  const { file, open } = workspace(t);
  const store = await open();
  for (let n = 0; n < 4; n += 1) {
    must(await store.put(`k${n}`, 'x'.repeat(1 << 20)));
  }
  must(await store.close());
  const seen = [];
  const built = must(
    await SnapshotBuilderStore.build(file(), { onProgress: (progress) => seen.push(progress) }),
  );
  assert.equal(built.size(), 4);
  assert.ok(seen.length > 0 && seen.every(({ written, expected }) => written <= expected));
  const aborted = await SnapshotBuilderStore.build(file(), { signal: AbortSignal.abort() });
  refused(aborted, 'invalid_state', 'the call was aborted');
  refused(await SnapshotBuilderStore.build(file(), { sgnal: 1 }), 'invalid_argument');
});
