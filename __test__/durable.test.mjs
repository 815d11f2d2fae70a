// What was acknowledged is there again after the store is closed and opened, byte for byte.

import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { RecoveryReport, StoreConfig, StoreEngine } from '@softadastra/store';
import { dump, must, workspace } from './helpers.mjs';

test('puts, updates and removes survive a reopen, with their versions', async (t) => {
  const work = workspace(t);
  const first = await work.open();
  await first.put('user:1', 'Gaspard');
  await first.put('user:2', 'Softadastra');
  await first.put('user:1', 'Gaspard Kirira');
  await first.remove('user:2');
  await first.put('user:3', '');
  const before = dump(first);
  const times = Array.from(first.entries(), ([, entry]) => entry.timestamp);
  must(await first.close());

  const second = await work.open();
  assert.deepEqual(dump(second), before);
  assert.deepEqual(before, [
    ['user:1', 'Gaspard Kirira', 3],
    ['user:3', '', 5],
  ]);
  assert.deepEqual(
    Array.from(second.entries(), ([, entry]) => entry.timestamp),
    times,
  );
  assert.equal(second.lastSequence(), 5);
  assert.equal(second.lastRecoveredSequence(), 5);
});

test('bytes and text of every kind survive a reopen', async (t) => {
  const work = workspace(t);
  const values = [
    Buffer.from([0, 255, 254, 10, 13]),
    Buffer.alloc(0),
    Buffer.from('👍 日本 é'),
    Buffer.alloc(300_000, 7),
  ];
  const first = await work.open();
  await Promise.all(values.map((value, index) => first.put(`k${index}`, value)));
  await first.close();
  const second = await work.open();
  values.forEach((value, index) => {
    assert.ok(second.getBytes(`k${index}`).equals(value), `k${index}`);
  });
});

test('versions go on after a reopen where they stopped', async (t) => {
  const work = workspace(t);
  for (let round = 1; round <= 3; round += 1) {
    const store = await work.open();
    assert.equal(must(await store.put('a', String(round))).version, round * 2 - 1);
    assert.equal(must(await store.remove('missing')).version, round * 2);
    await store.close();
  }
});

test('a store that was opened and closed over and over stays the same', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  await store.put('a', '1');
  await store.close();
  for (let round = 0; round < 5; round += 1) {
    const again = await work.open();
    assert.deepEqual(dump(again), [['a', '1', 1]]);
    assert.equal(again.recoveryReport().cleanShutdown, true);
    await again.close();
  }
});

test('a fast store keeps its writes across a close and after a flush', async (t) => {
  const work = workspace(t);
  const config = StoreConfig.fast(work.file());
  assert.equal(config.autoFlush, false);
  const first = work.track(must(await StoreEngine.open(config)));
  await Promise.all(Array.from({ length: 100 }, (_, n) => first.put(`k${n}`, `v${n}`)));
  must(await first.flush());
  await first.put('last', 'one');
  must(await first.close());
  const second = work.track(must(await StoreEngine.open(config)));
  assert.equal(second.size(), 101);
  assert.equal(second.getString('k42'), 'v42');
  assert.equal(second.getString('last'), 'one');
});

test('a log written fast can be opened durable, and the other way round', async (t) => {
  const work = workspace(t);
  const fast = work.track(must(await StoreEngine.open(StoreConfig.fast(work.file()))));
  await fast.put('a', '1');
  await fast.close();
  const durable = await work.open();
  await durable.put('b', '2');
  await durable.close();
  const again = work.track(must(await StoreEngine.open(StoreConfig.fast(work.file()))));
  assert.deepEqual(dump(again), [
    ['a', '1', 1],
    ['b', '2', 2],
  ]);
});

test('recovery reports what it found in a new log and in an old one', async (t) => {
  const work = workspace(t);
  const first = work.track(new StoreEngine(StoreConfig.durable(work.file())));
  assert.equal(existsSync(work.file()), false, 'the constructor touches no disk');
  const fresh = must(await first.recover());
  assert.ok(fresh instanceof RecoveryReport);
  assert.equal(fresh.created, true);
  assert.equal(fresh.records, 0);
  assert.equal(fresh.entries, 0);
  assert.equal(fresh.lastSequence, 0);
  assert.equal(fresh.bytesCut, 0);
  assert.equal(fresh.cutSavedTo, undefined);
  assert.ok(fresh.durationMs >= 0);
  assert.equal(first.recoveryReport(), fresh);
  await first.batch([
    { type: 'put', key: 'a', value: '1' },
    { type: 'put', key: 'b', value: '2' },
    { type: 'remove', key: 'a' },
  ]);
  await first.close();

  const second = await work.open();
  const report = second.recoveryReport();
  assert.equal(report.created, false);
  assert.equal(report.cleanShutdown, true);
  assert.equal(report.records, 3);
  assert.equal(report.entries, 1);
  assert.equal(report.lastSequence, 3);
  assert.equal(report.bytesCut, 0);
  assert.ok(report.bytesKept > 64);
  assert.ok(report.bytesKept <= statSync(work.file()).size);
});

test('recover on an open store replays the log into the same state', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  await store.put('a', '1');
  await store.put('b', '2');
  const before = dump(store);
  const report = must(await store.recover());
  assert.equal(report.created, false);
  assert.equal(report.records, 2);
  assert.deepEqual(dump(store), before);
  assert.equal(store.lastRecoveredSequence(), 2);
  assert.equal(must(await store.put('c', '3')).version, 3);
});

test('a torn end is cut off, kept beside the log, and reported', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  await store.put('a', '1');
  await store.close();
  const whole = readFileSync(work.file());
  const torn = Buffer.from('the beginning of a write that never ended');
  appendFileSync(work.file(), torn);

  const again = await work.open();
  const report = again.recoveryReport();
  assert.deepEqual(dump(again), [['a', '1', 1]]);
  assert.ok(report.bytesCut >= torn.length, `cut ${report.bytesCut}`);
  assert.match(report.cutSavedTo, /store\.wal\.cut-\d+-[0-9a-f]+$/);
  assert.ok(readFileSync(report.cutSavedTo).includes(torn));
  assert.ok(report.bytesKept <= whole.length);
  assert.equal(must(await again.put('b', '2')).version, 2);
});

test('a path may be relative, and may have any letters', async (t) => {
  const work = workspace(t);
  const name = 'naïve store 👍.wal';
  const store = await work.open(name);
  await store.put('a', '1');
  await store.close();
  assert.equal(existsSync(work.file(name)), true);
  assert.deepEqual(dump(await work.open(name)), [['a', '1', 1]]);
});
