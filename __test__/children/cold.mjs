// Compares a store that was opened by its index file with one whose log was replayed, while nothing replays the log of the
// first. Usage: node cold.mjs <log with an index file> <the same without>; $HOLD_WARMING exists and is removed in between.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { contents, history, MANUAL, sameAnswers, writes } from '../indexed.mjs';

const [log, other] = process.argv.slice(2);
const open = async (path, options) =>
  (await StoreEngine.open(StoreConfig.durable(path, MANUAL), options)).value();

const cold = await open(log);
// Who needed all of it before the thread that waits would do the replay.
while (!existsSync(`${process.env.HOLD_WARMING}.held`)) await sleep(1);
const warm = await open(other, { verify: 'first' });
const report = cold.recoveryReport();

function checkCold() {
  const { ready, warming, indexFailure, indexedSequence } = cold.stats();
  assert.deepEqual([ready, indexFailure], [false, undefined]);
  assert.equal(indexedSequence, report.indexedSequence);
  assert.ok(warming === undefined || warming.written <= warming.expected);
}

function checkReports() {
  const replayed = warm.recoveryReport();
  assert.ok(report.indexedSequence > 0 && report.bytesUnverified > 1 << 20);
  assert.deepEqual([replayed.indexedSequence, replayed.bytesUnverified], [0, 0]);
  assert.equal(report.records, report.lastSequence - report.indexedSequence);
  for (const name of ['lastSequence', 'bytesKept', 'bytesCut', 'created', 'cleanShutdown']) {
    assert.equal(report[name], replayed[name], name);
  }
  assert.equal(report.entries, report.cleanShutdown ? replayed.entries : undefined);
}

/** What can be counted, and snapshots, once that does not wait. */
function checkCounted(when) {
  assert.equal(cold.size(), warm.size(), when);
  assert.deepEqual(
    [cold.stats().entries, cold.stats().liveBytes],
    [warm.stats().entries, warm.stats().liveBytes],
    when,
  );
}

checkReports();
checkCold();
sameAnswers(cold, warm, 'before the first write');
const isCounted = report.entries !== undefined;
if (isCounted) checkCounted('before the first write');
const snapshots = isCounted ? [cold.snapshot(), warm.snapshot()] : undefined;
const before = isCounted ? contents(snapshots[1]) : undefined;
assert.deepEqual(await history(cold), await history(warm));
assert.deepEqual(await writes(cold), await writes(warm));
sameAnswers(cold, warm, 'after writes');
if (isCounted) {
  checkCounted('after writes');
  // Written to meanwhile, the state of the moment stays; reading all of it takes it from the log.
  assert.deepEqual(contents(snapshots[0]), before);
}
assert.deepEqual(await history(cold), await history(warm));
checkCold();

let isReady = false;
const ready = cold.ready().then((result) => {
  isReady = true;
  return result;
});
await sleep(20);
assert.equal(isReady, false);
await rm(process.env.HOLD_WARMING);
(await ready).value();
assert.deepEqual([cold.stats().ready, cold.stats().warming], [true, undefined]);
sameAnswers(cold, warm, 'once ready');
checkCounted('once ready');
if (isCounted) assert.deepEqual(contents(snapshots[0]), before);
assert.deepEqual(await writes(cold), await writes(warm));
sameAnswers(cold, warm, 'after writes, once ready');
checkCounted('after writes, once ready');
assert.deepEqual(await history(cold), await history(warm));
for (const store of [cold, warm]) (await store.close()).value();
const again = [await open(log), await open(other, { verify: 'first' })];
sameAnswers(again[0], again[1], 'after a restart');
for (const store of again) (await store.close()).value();
process.stdout.write('both agreed\n');
