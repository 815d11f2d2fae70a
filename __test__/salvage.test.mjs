// What can be read of a damaged log is saved into new files, and the damaged log stays as it is.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  SalvageReport,
  SnapshotBuilderStore,
  StoreConfig,
  StoreEngine,
  salvage,
} from '@softadastra/store';
import { dump, filesOf, must, refused, workspace } from './helpers.mjs';

/** A closed log of five commits, damaged in the third. */
async function damagedLog(t) {
  const work = workspace(t);
  const store = await work.open();
  for (const name of ['first', 'second', 'third', 'fourth', 'fifth']) {
    must(await store.put(name, `value of the ${name}`));
  }
  must(await store.close());
  const bytes = readFileSync(work.file());
  bytes[bytes.indexOf('value of the third')] ^= 1;
  writeFileSync(work.file(), bytes);
  return { ...work, bytes };
}

test('everything before the damage is in the new log, with its versions', async (t) => {
  const { file, open, bytes } = await damagedLog(t);
  refused(await StoreEngine.open(StoreConfig.durable(file())), 'store_error', /sequence 3/);
  const report = must(await salvage(file(), file('saved.wal')));
  assert.ok(report instanceof SalvageReport);
  assert.deepEqual([report.records, report.lastSequence, report.bytesUnreadable], [2, 2, 0]);
  assert.match(report.problem, /frame 3 cannot be read/);
  assert.ok(report.bytesLost > 0 && report.bytesLost < bytes.length - report.bytesKept);
  assert.ok(readFileSync(file()).equals(bytes), 'the damaged log is as it was');
  assert.ok(readFileSync(report.copy).equals(bytes));
  assert.equal(report.log, file('saved.wal'));
  const saved = await open('saved.wal');
  assert.deepEqual(dump(saved), [
    ['first', 'value of the first', 1],
    ['second', 'value of the second', 2],
  ]);
  assert.equal(must(await saved.put('new', 'x')).version, 3);
});

test('what can be read after the damage is in a log of its own', async (t) => {
  const { file } = await damagedLog(t);
  const { later } = must(await salvage(file(), file('saved.wal')));
  assert.equal(later.length, 1);
  assert.deepEqual(
    [later[0].firstSequence, later[0].lastSequence, later[0].records, later[0].log],
    [4, 5, 2, file('saved.wal.from-4')],
  );
  assert.deepEqual(dump(must(await SnapshotBuilderStore.build(later[0].log))), [
    ['fifth', 'value of the fifth', 5],
    ['fourth', 'value of the fourth', 4],
  ]);
});

test('a log that is whole is saved as it is', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  must(await store.put('a', '1'));
  refused(await salvage(work.file(), work.file('saved.wal')), 'invalid_state', /locked/);
  must(await store.close());
  const report = must(await salvage(work.file(), work.file('saved.wal')));
  assert.deepEqual([report.problem, report.later, report.bytesLost], [undefined, [], 0]);
  assert.deepEqual(dump(await work.open('saved.wal')), [['a', '1', 1]]);
});

test('a file that exists is never replaced, and what is not a log is refused', async (t) => {
  const { dir, file } = await damagedLog(t);
  writeFileSync(file('saved.wal'), 'precious');
  const before = filesOf(dir);
  refused(await salvage(file(), file('saved.wal')), 'invalid_argument', /replaces no file/);
  refused(await salvage(file(), file()), 'invalid_argument', /replaces no file/);
  refused(await salvage(file('missing.wal'), file('other.wal')), 'io_error', /missing\.wal/);
  refused(await salvage(file('saved.wal'), file('other.wal')), 'store_error', /not a store log/);
  refused(await salvage(7, file('other.wal')), 'invalid_argument', /path must be a string/);
  refused(await salvage(file(), ''), 'invalid_argument', /path is empty/);
  assert.deepEqual(filesOf(dir), before);
});
