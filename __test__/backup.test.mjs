// A backup is one moment of the store, complete and durable when it gets its name, and never replaces a file.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { BackupReport, SnapshotBuilderStore, StoreConfig, StoreEngine } from '@softadastra/store';
import { dump, memoryStore, must, refused, workspace } from './helpers.mjs';

test('a backup holds everything and is a log like any other', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  for (let n = 0; n < 300; n += 1) void store.put(`k${n % 100}`, `v${n}`);
  must(await store.flush());
  const consumer = must(await store.consumer('outbox', { since: 290 }));
  const report = must(await store.backup(work.file('copy.wal')));
  assert.ok(report instanceof BackupReport);
  assert.deepEqual([report.entries, report.lastSequence], [100, 300]);
  assert.equal(report.path, work.file('copy.wal'));
  assert.equal(report.bytes, statSync(work.file('copy.wal')).size);
  assert.ok(report.durationMs > 0);
  const copy = await work.open('copy.wal');
  assert.deepEqual(dump(copy), dump(store));
  assert.equal(must(copy.get('k1')).timestamp, must(store.get('k1')).timestamp);
  assert.equal(must(await copy.consumer('outbox')).position(), consumer.position());
  assert.equal(must(await copy.put('next', '1')).version, 301);
});

test('under concurrent writes a backup is one moment that has every write acknowledged before', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  for (let n = 0; n < 2000; n += 1) void store.put(`base/${n}`, 'x'.repeat(1000));
  must(await store.flush());
  const moments = new Map();
  let stop = false;
  const writer = (async () => {
    for (let n = 1; !stop; n += 1) {
      const pair = [`a${n % 50}`, `b${n % 50}`];
      const batch = must(
        await store.batch(pair.map((key) => ({ type: 'put', key, value: String(n) }))),
      );
      moments.set(batch.lastVersion, n);
    }
  })();
  for (let round = 0; round < 5; round += 1) {
    const acknowledged = store.lastSequence();
    const file = work.file(`copy-${round}.wal`);
    const report = must(await store.backup(file));
    assert.ok(report.lastSequence >= acknowledged);
    const built = must(await SnapshotBuilderStore.build(file));
    assert.deepEqual([built.lastSequence(), built.size()], [report.lastSequence, report.entries]);
    checkMoment(built, report.lastSequence);
  }
  stop = true;
  await writer;

  /** The model: a pair of keys changes together, the n-th batch writes n, and nothing is newer than the moment. */
  function checkMoment(built, last) {
    const n = last === 2000 ? 0 : (last - 2000) / 2;
    assert.ok(Number.isInteger(n), 'a batch is in it as a whole');
    for (let at = 0; at < 50; at += 1) {
      const latest = n - ((((n - at) % 50) + 50) % 50);
      for (const key of [`a${at}`, `b${at}`]) {
        const found = built.get(key);
        if (latest < 1) assert.ok(found.isErr(), `${key} is newer than the moment`);
        else assert.equal(found.value().value.toString(), String(latest), key);
      }
    }
  }
});

test('a backup replaces nothing: not a file, not the log, not what belongs to it', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  must(await store.put('a', '1'));
  writeFileSync(work.file('mine.txt'), 'mine');
  refused(await store.backup(work.file('mine.txt')), 'already_exists', /mine\.txt/);
  assert.equal(readFileSync(work.file('mine.txt'), 'utf8'), 'mine');
  refused(await store.backup(work.file()), 'already_exists', /store\.wal/);
  refused(await store.backup(work.file('store.wal.new')), 'invalid_argument', /\.new/);
  refused(await store.backup(work.file('store.wal.lock')), 'invalid_argument', /\.lock/);
  mkdirSync(work.file('folder'));
  refused(await store.backup(work.file('folder')), 'io_error', /directory/);
  refused(await store.backup(work.file('no/copy.wal')), 'io_error', /does not exist/);
  for (const bad of ['', 7, undefined, 'a\0b', '\ud800']) {
    refused(await store.backup(bad), 'invalid_argument', /path/);
  }
  must(await store.put('a', '2'));
  assert.equal(store.getString('a'), '2');
});

test('a backup can be watched and aborted, and leaves nothing then', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  for (let n = 0; n < 4000; n += 1) void store.put(`k${n}`, 'x'.repeat(1000));
  must(await store.flush());
  const copy = work.file('copy.wal');
  let aborted;
  // The abort can come too late; then the backup is complete.
  for (let round = 0; aborted === undefined; round += 1) {
    assert.ok(round < 100, 'no abort was heard in time');
    const controller = new AbortController();
    const seen = [];
    const onProgress = (progress) => {
      seen.push(progress);
      controller.abort();
    };
    const result = await store.backup(copy, { signal: controller.signal, onProgress });
    assert.ok(seen[0].written > 0 && seen[0].written <= seen[0].expected);
    if (result.isErr()) aborted = result;
    else rmSync(copy);
  }
  refused(aborted, 'invalid_state', 'the call was aborted');
  assert.deepEqual([existsSync(copy), existsSync(`${copy}.new`)], [false, false]);
  const never = await store.backup(copy, { signal: AbortSignal.abort() });
  refused(never, 'invalid_state', 'the call was aborted');
  assert.deepEqual([existsSync(copy), existsSync(`${copy}.new`)], [false, false]);
  refused(await store.backup(copy, { onprogress: 1 }), 'invalid_argument', /"onProgress"/);
  must(await store.backup(copy));
});

test('a backup waits for a compaction, and backups for each other', async (t) => {
  const work = workspace(t);
  const store = await work.open(undefined, { compaction: false });
  for (let n = 0; n < 3000; n += 1) void store.put(`k${n}`, 'x'.repeat(1000));
  must(await store.flush());
  const copies = ['b1.wal', 'b2.wal'].map((name) => work.file(name));
  let first;
  const onProgress = () => {
    first ??= Promise.all(copies.map((copy) => store.backup(copy)));
  };
  must(await store.compact({ onProgress }));
  for (const result of await first) must(result);
  for (const copy of copies) {
    assert.deepEqual(dump(must(await SnapshotBuilderStore.build(copy))), dump(store));
  }
});

test('a store that is not open, or has no log, is not backed up', async (t) => {
  const work = workspace(t);
  const store = must(await StoreEngine.open(StoreConfig.durable(work.file())));
  must(await store.close());
  refused(await store.backup(work.file('copy.wal')), 'invalid_state', 'the store is closed');
  refused(await memoryStore(t).backup(work.file('copy.wal')), 'invalid_state', /memory-only/);
  assert.equal(existsSync(work.file('copy.wal')), false);
});
