// A compaction shrinks the log and nothing else: no entry, no acknowledged write, no running call is lost to it.

import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { test } from 'node:test';
import {
  CompactionReport,
  SnapshotBuilderStore,
  StoreConfig,
  StoreEngine,
} from '@softadastra/store';
import { dump, memoryStore, must, refused, workspace } from './helpers.mjs';

const MANUAL = { compaction: false };

/** Writes `count` keys `rounds` times over, as they were written together. */
async function overwrite(store, count, rounds, size = 200) {
  for (let round = 0; round < rounds; round += 1) {
    const puts = Array.from({ length: count }, (_, n) =>
      store.put(`k${String(n).padStart(6, '0')}`, `${round}/${n}/${'x'.repeat(size)}`),
    );
    (await Promise.all(puts)).forEach(must);
  }
}

test('a compacted log is smaller and holds the same entries with the same versions', async (t) => {
  const work = workspace(t);
  const store = await work.open(undefined, MANUAL);
  await overwrite(store, 500, 10);
  must(await store.remove('k000007'));
  const [before, timestamp] = [dump(store), must(store.get('k000001')).timestamp];
  const bytesBefore = store.stats().logBytes;
  const report = must(await store.compact());
  assert.ok(report instanceof CompactionReport);
  assert.deepEqual([report.bytesBefore, report.bytesAfter], [bytesBefore, store.stats().logBytes]);
  assert.ok(report.bytesAfter < report.bytesBefore / 5, JSON.stringify(report));
  assert.equal(report.floor, store.lastSequence());
  assert.ok(report.durationMs >= report.pauseMs && report.pauseMs >= 0, JSON.stringify(report));
  assert.deepEqual(dump(store), before);
  assert.equal(store.stats().compactions, 1);
  assert.equal(must(await store.put('next', '1')).version, report.floor + 1);
  must(await store.close());
  const built = must(await SnapshotBuilderStore.build(work.file()));
  assert.deepEqual(dump(built).slice(0, -1), before);
  const again = await work.open();
  assert.equal(must(again.get('k000001')).timestamp, timestamp);
  assert.deepEqual(
    [again.recoveryReport().checkpointEntries, again.recoveryReport().records],
    [499, 1],
  );
});

test('a compaction tells how far it is', async (t) => {
  const store = await workspace(t).open(undefined, MANUAL);
  await overwrite(store, 4000, 1, 1000);
  const seen = [];
  must(await store.compact({ onProgress: (progress) => seen.push(progress) }));
  assert.ok(seen.length >= 3, `${seen.length} reports for 4 MB`);
  for (const { written, expected } of seen) {
    assert.ok(written > 0 && written <= expected, `${written} of ${expected}`);
  }
  assert.ok(seen.every(({ written }, n) => n === 0 || written > seen[n - 1].written));
  assert.equal(store.stats().rewriting, undefined);
});

test('reads and durable writes go on during a compaction, and none is lost', async (t) => {
  const work = workspace(t);
  const store = await work.open(undefined, MANUAL);
  await overwrite(store, 6000, 2, 1000);
  let done = false;
  const compacting = store.compact().finally(() => {
    done = true;
  });
  let written = 0;
  for (; !done || written === 0; written += 1) {
    must(await store.put(`during/${written}`, String(written)));
    assert.equal(store.getString(`during/${written}`), String(written));
    assert.ok(store.getString('k000123').startsWith('1/123/'));
  }
  must(await compacting);
  must(await store.close());
  const again = await work.open();
  for (let n = 0; n < written; n += 1) assert.equal(again.getString(`during/${n}`), String(n));
  assert.equal(again.size(), 6000 + written);
});

test('an aborted compaction changes nothing', async (t) => {
  const work = workspace(t);
  const store = await work.open(undefined, MANUAL);
  await overwrite(store, 3000, 2, 1000);
  const { logBytes } = store.stats();
  const never = await store.compact({ signal: AbortSignal.abort() });
  refused(never, 'invalid_state', 'the call was aborted');
  assert.deepEqual([store.stats().logBytes, store.stats().compactions], [logBytes, 0]);
  let compacted = 0;
  let aborted;
  // The abort can come too late; then the compaction is complete.
  for (let round = 0; aborted === undefined; round += 1) {
    assert.ok(round < 100, 'no abort was heard in time');
    const before = store.stats().logBytes;
    const controller = new AbortController();
    const { signal } = controller;
    const result = await store.compact({ signal, onProgress: () => controller.abort() });
    if (result.isOk()) {
      compacted += 1;
    } else {
      aborted = result;
      assert.equal(store.stats().logBytes, before);
    }
  }
  refused(aborted, 'invalid_state', 'the call was aborted');
  assert.equal(store.stats().compactions, compacted);
  assert.equal(existsSync(work.file('store.wal.new')), false);
  must(await store.compact());
});

test('what onProgress throws stops the compaction and reaches its caller', async (t) => {
  const store = await workspace(t).open(undefined, MANUAL);
  await overwrite(store, 6000, 1, 1000);
  const mine = new Error('mine');
  const onProgress = () => {
    throw mine;
  };
  await assert.rejects(store.compact({ onProgress }), (error) => error === mine);
  must(await store.put('a', '1'));
});

test('compactions that are asked for at once are done one after the other', async (t) => {
  const store = await workspace(t).open(undefined, MANUAL);
  await overwrite(store, 3000, 1, 1000);
  const done = [];
  const onProgress = () => {
    if (done.length === 0) done.push(store.compact());
  };
  const all = await Promise.all([store.compact({ onProgress }), store.compact(), store.compact()]);
  for (const result of [...all, ...(await Promise.all(done))]) must(result);
  assert.equal(store.stats().compactions, 4);
});

test('closing makes a compaction give up, and succeeds', async (t) => {
  const work = workspace(t);
  const store = await work.open(undefined, MANUAL);
  await overwrite(store, 8000, 2, 1000);
  const before = dump(store);
  let closing;
  const onProgress = () => {
    closing ??= store.close();
  };
  const compacted = await store.compact({ onProgress });
  must(await closing);
  if (compacted.isErr()) refused(compacted, 'invalid_state');
  assert.equal(existsSync(work.file('store.wal.new')), false);
  assert.deepEqual(dump(await work.open()), before);
});

test('a store that is not open, or has no log, is not compacted', async (t) => {
  const work = workspace(t);
  const unopened = work.track(new StoreEngine(StoreConfig.durable(work.file('x.wal'))));
  refused(await unopened.compact(), 'invalid_state', /not open/);
  const store = await work.open();
  const closing = store.close();
  refused(await store.compact(), 'invalid_state', 'the store is closed');
  must(await closing);
  refused(await store.compact(), 'invalid_state', 'the store is closed');
  refused(await memoryStore(t).compact(), 'invalid_state', /memory-only/);
});

test('bad options of a compaction are refused', async (t) => {
  const store = await workspace(t).open();
  refused(await store.compact({ onprogress: () => 1 }), 'invalid_argument', /"onProgress"/);
  refused(await store.compact({ onProgress: 7 }), 'invalid_argument', /must be a function/);
  refused(await store.compact({ signal: {} }), 'invalid_argument', /AbortSignal/);
  refused(await store.compact(7), 'invalid_argument', /must be an object/);
});

test('bad rules for automatic compaction are refused by name', async (t) => {
  const { file } = workspace(t);
  const opened = (compaction) => StoreEngine.open(StoreConfig.fast(file(), { compaction }));
  refused(await opened({ ration: 2 }), 'invalid_argument', /"ratio"/);
  for (const ratio of [0.5, Number.NaN, Number.POSITIVE_INFINITY, '2', null]) {
    refused(await opened({ ratio }), 'invalid_argument', /ratio must be/);
  }
  for (const minimumBytes of [-1, 1.5, '1', null, 2 ** 60]) {
    refused(await opened({ minimumBytes }), 'invalid_argument', /minimumBytes must be/);
  }
  for (const compaction of ['yes', 1, null, []]) {
    refused(await opened(compaction), 'invalid_argument');
  }
  assert.equal(existsSync(file()), false);
});

test('a store compacts itself: ten overwrites leave a log of at most twice what is left', async (t) => {
  const work = workspace(t);
  const minimumBytes = 256 * 1024;
  const store = await work.open(undefined, { compaction: { minimumBytes } });
  await overwrite(store, 1000, 10, 1000);
  const deadline = Date.now() + 60_000;
  const left = () => 1000 * 1100;
  while (store.stats().logBytes > 2 * left() + minimumBytes) {
    assert.ok(Date.now() < deadline, JSON.stringify(store.stats()));
    must(await store.put('k000000', 'poke'));
  }
  assert.ok(store.stats().compactions > 0);
  assert.equal(store.stats().lastCompactionError, undefined);
  must(await store.close());
  assert.ok(statSync(work.file()).size <= 2 * left() + minimumBytes);
  assert.equal((await work.open()).size(), 1000);
});

test('with compaction false the log only grows', async (t) => {
  const store = await workspace(t).open(undefined, MANUAL);
  await overwrite(store, 1000, 10, 1000);
  const stats = store.stats();
  assert.equal(stats.compactions, 0);
  assert.ok(stats.logBytes > 10_000_000);
});
