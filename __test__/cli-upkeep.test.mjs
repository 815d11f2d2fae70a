// compact and backup keep every entry, replace nothing, and leave a store alone that somebody has open.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { SnapshotBuilderStore } from '@softadastra/store';
import { ran, runCommand } from './cli-support.mjs';
import { must, workspace } from './helpers.mjs';

/** A closed log in which most of the bytes are overwritten. */
async function overwrittenLog(t) {
  const work = workspace(t);
  const store = await work.open();
  for (let round = 0; round < 10; round += 1) {
    const batch = Array.from({ length: 100 }, (_, i) => ({
      type: 'put',
      key: `k${i}`,
      value: `${round}`.repeat(500),
    }));
    must(await store.batch(batch));
  }
  must(await store.remove('k0'));
  must(await store.close());
  return { ...work, log: work.file() };
}

async function contentOf(log) {
  const snapshot = must(await SnapshotBuilderStore.build(log));
  return Array.from(snapshot.entries(), ([key, { value, version, timestamp }]) => [
    key,
    value.toString(),
    version,
    timestamp,
  ]);
}

test('compact makes a log smaller and keeps entries, versions and times', async (t) => {
  const { log } = await overwrittenLog(t);
  const [before, { size }] = [await contentOf(log), statSync(log)];
  const report = JSON.parse((await ran(['compact', log, '--json'])).stdout);
  assert.equal(report.log, log);
  assert.ok(report.bytesAfter < report.bytesBefore / 5, JSON.stringify(report));
  assert.ok(statSync(log).size < size / 5);
  assert.deepEqual(await contentOf(log), before);
  await ran(['verify', log]);
});

test('backup makes a log that holds the same, and replaces no file', async (t) => {
  const { log, file } = await overwrittenLog(t);
  const report = JSON.parse((await ran(['backup', log, file('copy.wal'), '--json'])).stdout);
  assert.deepEqual([report.path, report.entries], [file('copy.wal'), 99]);
  assert.equal(report.bytes, statSync(file('copy.wal')).size);
  assert.deepEqual(await contentOf(file('copy.wal')), await contentOf(log));

  await ran(['put', log, 'later', 'x']);
  const copy = readFileSync(file('copy.wal'));
  const again = await runCommand(['backup', log, file('copy.wal')]);
  assert.deepEqual([again.code, again.stdout], [2, '']);
  assert.ok(again.stderr.includes(file('copy.wal')), again.stderr);
  assert.ok(readFileSync(file('copy.wal')).equals(copy));
  const nowhere = await runCommand(['backup', log, file('no/such/copy.wal')]);
  assert.equal(nowhere.code, 2);
  assert.match(nowhere.stderr, /directory does not exist/);
});

test('a store that is open elsewhere is neither compacted nor backed up', async (t) => {
  const { open, file } = workspace(t);
  const store = await open();
  must(await store.put('key', 'value'));
  const before = readFileSync(file());
  for (const args of [
    ['compact', file()],
    ['backup', file(), file('copy.wal')],
  ]) {
    const { code, stderr } = await runCommand(args);
    assert.equal(code, 2);
    assert.match(stderr, /open|locked/);
  }
  assert.ok(readFileSync(file()).equals(before));
  assert.equal(existsSync(file('copy.wal')), false);
});
