// Compactions and backups of a store are done in the order of their calls, and one that nobody asked for and that fails
// is heard of.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { SnapshotBuilderStore } from '@softadastra/store';
import { must, refused, workspace } from './helpers.mjs';
import { threads } from './thread.mjs';

const EAGER = { compaction: { ratio: 1.5, minimumBytes: 4096 } };

async function filled(t, options = { compaction: false }) {
  const work = workspace(t);
  const store = await work.open(undefined, options);
  for (let n = 0; n < 2000; n += 1) void store.put(`k${n % 200}`, `${n} ${'x'.repeat(1000)}`);
  must(await store.flush());
  return { ...work, store };
}

for (const order of ['cb', 'bc', 'cc', 'bb', 'cbcb', 'bbcc']) {
  test(`calls at once are done in their order: ${order}`, async (t) => {
    const { store, file } = await filled(t);
    const done = [];
    const calls = [...order].map(async (call, n) => {
      const made = call === 'c' ? store.compact() : store.backup(file(`${n}.wal`));
      must(await made);
      done.push(n);
    });
    await Promise.all(calls);
    assert.deepEqual(
      done,
      Array.from(order, (_, n) => n),
    );
    for (const [n, call] of [...order].entries()) {
      if (call === 'b')
        assert.equal(must(await SnapshotBuilderStore.build(file(`${n}.wal`))).size(), 200);
    }
  });
}

test('a backup that was called after a compaction is made of the compacted log', async (t) => {
  const { store, file } = await filled(t);
  const [compacted, backed] = await Promise.all([store.compact(), store.backup(file('copy.wal'))]);
  assert.equal(must(backed).entries, 200);
  assert.ok(must(compacted).bytesAfter < must(compacted).bytesBefore);
  assert.equal(store.stats().compactions, 1);
});

test('two backups to one place at once: the second replaces nothing', async (t) => {
  const { store, file } = await filled(t);
  const both = await Promise.all([store.backup(file('copy.wal')), store.backup(file('copy.wal'))]);
  must(both[0]);
  refused(both[1], 'already_exists', /copy\.wal/);
});

test('calls of two threads wait for each other', async (t) => {
  const { store, file } = await filled(t, {});
  const [thread] = await threads(t, 1, file());
  const all = await Promise.all([
    store.compact(),
    thread.call('compact'),
    store.backup(file('one.wal')),
    thread.call('backup', file('two.wal')),
    store.compact(),
    thread.call('compact'),
  ]);
  for (const result of all) assert.ok(result.ok ?? result.isOk(), result.message);
  assert.ok(store.stats().compactions >= 4);
});

test('calls wait for an automatic compaction', async (t) => {
  const { store, file } = await filled(t, EAGER);
  for (let round = 0; round < 10; round += 1) {
    for (let n = 0; n < 200; n += 1) void store.put(`k${n}`, `${round} ${'y'.repeat(1000)}`);
    const both = await Promise.all([store.compact(), store.backup(file(`${round}.wal`))]);
    for (const result of both) must(result);
  }
  assert.equal(store.stats().lastCompactionError, undefined);
});

test('a call that waits can be aborted, and a close sends it away', async (t) => {
  const { store, file } = await filled(t);
  let aborted;
  // The abort can come too late; then the backup is complete.
  for (let round = 0; aborted === undefined; round += 1) {
    assert.ok(round < 100, 'no abort was heard in time');
    const controller = new AbortController();
    const compacting = store.compact();
    const waiting = store.backup(file('never.wal'), { signal: controller.signal });
    controller.abort();
    must(await compacting);
    const result = await waiting;
    if (result.isErr()) aborted = result;
    else rmSync(file('never.wal'));
  }
  refused(aborted, 'invalid_state', 'the call was aborted');
  const calls = [store.compact(), store.backup(file('late.wal')), store.compact()];
  must(await store.close());
  for (const result of await Promise.all(calls)) {
    if (result.isErr()) refused(result, 'invalid_state', /aborted|closed/);
  }
  assert.equal(existsSync(file('never.wal')), false);
});

test('a log that is a mount point cannot be compacted, and the process is warned once', async (t) => {
  const { file, open } = workspace(t);
  must(await (await open('inside.wal')).close());
  writeFileSync(file(), '');
  const mounted = spawnSync('mount', ['--bind', file('inside.wal'), file()], { encoding: 'utf8' });
  if (mounted.status !== 0) {
    t.skip(`nothing may be mounted: ${(mounted.stderr ?? mounted.error.message).trim()}`);
    return;
  }
  try {
    await checkMounted(t, file(), await open(undefined, EAGER));
  } finally {
    spawnSync('umount', [file()]);
  }
  assert.equal((await open('inside.wal')).getString('key'), 'last');
});

async function checkMounted(t, log, store) {
  const warnings = [];
  const listen = (warning) => warnings.push(warning);
  process.on('warning', listen);
  t.after(() => process.off('warning', listen));
  const before = statSync(log).ino;
  const failures = new Set();
  for (let round = 0; failures.size < 3; round += 1) {
    must(await store.put('key', `${round} ${'x'.repeat(2000)}`));
    const { lastCompactionError, logBytes } = store.stats();
    if (lastCompactionError) failures.add(logBytes >> 12);
  }
  await setImmediate();
  const codes = warnings.map(({ code }) => code);
  assert.deepEqual(codes, ['SOFTADASTRA_COMPACTION_FAILED']);
  assert.match(warnings[0].message, /mount point.*store\.wal/);
  refused(await store.compact(), 'io_error', /mount point.*mount its folder/);
  must(await store.put('key', 'last'));
  assert.equal(statSync(log).ino, before);
  assert.equal(store.stats().poisoned, false);
  must(await store.close());
}
