// An iteration over the history costs the same however many there were before it, and leaves nothing behind, however it
// ended. What is counted is what is looked at, listened to and kept; nothing is timed.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import process from 'node:process';
import { test } from 'node:test';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { must, refused, runChild, workspace } from './helpers.mjs';

const MANUAL = { compaction: false };
const COUNT = 8000;

/** The warnings of a process are those of the tests that run in it. */
function warningsOf(t) {
  const warnings = [];
  const note = (warning) => warnings.push(warning.message);
  process.on('warning', note);
  t.after(() => process.off('warning', note));
  return warnings;
}

const listeners = (signal) => getEventListeners(signal, 'abort').length;

test(`${COUNT} iterations that end in each way, or never, leave nothing and are looked at once at most`, {
  timeout: 300_000,
}, async (t) => {
  const { file } = workspace(t);
  const env = { ...process.env, NODE_OPTIONS: '--expose-gc' };
  const child = await runChild('many-iterations.mjs', [file(), String(COUNT)], { env });
  assert.deepEqual([child.stderr, child.code], ['', 0]);
  const { report, followers, warnings, gone } = JSON.parse(child.stdout);
  t.diagnostic(child.stdout);
  assert.equal(Object.keys(report).length, 8);
  for (const [way, { listeners: most, left, looksEach, bytesEach }] of Object.entries(report)) {
    assert.ok(most <= 1, `${way}: ${most} listeners on one signal`);
    assert.equal(left, 0, `${way}: listeners are left`);
    assert.ok(looksEach <= 1, `${way}: each was looked at ${looksEach} times`);
    assert.ok(bytesEach < 200, `${way}: each left ${bytesEach} bytes`);
  }
  assert.ok(followers.looksEach <= 1, `each follower was looked at ${followers.looksEach} times`);
  assert.deepEqual(followers, { ...followers, all: true, allOver: true });
  assert.equal(warnings, 0);
  assert.equal(gone, true, 'history is held back by an iteration that is gone');
});

test('one signal for very many calls of every kind has one listener, and none in the end', async (t) => {
  const warnings = warningsOf(t);
  const work = workspace(t);
  const controller = new AbortController();
  const { signal } = controller;
  const options = { signal };
  const store = await work.open(undefined, MANUAL);
  for (let n = 0; n < 30; n += 1) must(await store.put(`k${n}`, 'v'));
  const outbox = must(await store.consumer('outbox'));
  const follow = { ...options, follow: true };
  const waiting = Array.from({ length: 30 }, () =>
    store.operations({ ...follow, since: 30 }).next(),
  );
  const started = Array.from({ length: 30 }, () => outbox.operations(follow));
  await Promise.all(started.map((iterator) => iterator.next()));
  const calls = [];
  for (let n = 0; n < 15; n += 1) {
    calls.push(store.backup(work.file(`copy-${n}`), options), store.compact(options));
    calls.push(StoreEngine.open(StoreConfig.durable(work.file(`other-${n}`)), options));
    const locked = new StoreEngine(StoreConfig.durable(work.file()));
    calls.push(locked.recover({ ...options, lockTimeoutMs: 5 }));
    work.track(locked);
  }
  assert.equal(listeners(signal), 1);
  for (const result of await Promise.all(calls)) {
    if (result.isOk() && result.value() instanceof StoreEngine) work.track(result.value());
  }
  assert.equal(listeners(signal), 1, 'for the iterations');
  controller.abort();
  for (const { done } of await Promise.all(waiting)) assert.equal(done, true);
  for (const iterator of started) assert.equal((await iterator.next()).done, true);
  assert.equal(listeners(signal), 0);
  assert.deepEqual(warnings, []);
});

test('the listener goes with the last call that needs it, and calls that ended are not told', async (t) => {
  const store = await workspace(t).open();
  must(await store.put('k', 'v'));
  const controller = new AbortController();
  const { signal } = controller;
  const [first, second] = [0, 0].map(() => store.operations({ follow: true, signal }));
  assert.equal(listeners(signal), 0, 'nothing is begun yet');
  await first.next();
  await second.next();
  await first.return();
  assert.equal(listeners(signal), 1);
  const next = second.next();
  must(await store.put('k', 'w'));
  assert.equal((await next).value.sequence, 2);
  await second.return();
  assert.equal(listeners(signal), 0);
  // The same signal can be used again, and still aborts.
  const waiting = store.operations({ follow: true, since: 2, signal }).next();
  assert.equal(listeners(signal), 1);
  controller.abort();
  assert.equal((await waiting).done, true);
  refused(await store.compact({ signal }), 'invalid_state', 'the call was aborted');
  assert.equal(listeners(signal), 0);
});

test('what is not wholly a signal is refused', async (t) => {
  const store = await workspace(t).open();
  const half = { aborted: false, addEventListener: () => undefined };
  refused(await store.compact({ signal: half }), 'invalid_argument', /AbortSignal/);
});

test('closing the store ends thousands of iterations, and none of them listens any more', async (t) => {
  const store = await workspace(t).open();
  for (let n = 0; n < 5; n += 1) must(await store.put('k', 'v'));
  const { signal } = new AbortController();
  const iterators = Array.from({ length: 2000 }, (_, n) =>
    store.operations({ follow: true, since: n % 6, signal }),
  );
  const first = iterators.map((iterator) => iterator.next());
  await first[0];
  must(await store.close());
  await Promise.all(first);
  for (const iterator of iterators) assert.equal((await iterator.next()).done, true);
  assert.equal(listeners(signal), 0);
});

test('a page takes little memory, and others have a turn after each', async (t) => {
  const store = await workspace(t).open(undefined, MANUAL);
  const small = Array.from({ length: 20_000 }, (_, n) => ({ type: 'put', key: `${n}`, value: '' }));
  const large = Array.from({ length: 100 }, (_, n) => ({
    type: 'put',
    key: `large/${n}`,
    value: 'x'.repeat(100_000 + n),
  }));
  must(await store.batch([...small, ...large]));
  must(await store.put('huge', 'x'.repeat(3 << 20)));
  must(await store.put('last', ''));
  let turns = 0;
  const turn = () => {
    turns += 1;
    immediate = setImmediate(turn);
  };
  let immediate = setImmediate(turn);
  let [inTurn, most, seenTurn, expected] = [0, 0, 0, 1];
  for await (const { sequence, payload } of store.operations()) {
    assert.equal(sequence, expected);
    expected += 1;
    const page = payload.buffer.byteLength;
    assert.ok(page <= 256 * 1024 || page === payload.byteLength, `${page} bytes are kept`);
    inTurn = turns === seenTurn ? inTurn + 1 : 1;
    seenTurn = turns;
    most = Math.max(most, inTurn);
  }
  clearImmediate(immediate);
  assert.equal(expected - 1, store.lastSequence());
  assert.ok(most <= 1024, `${most} operations in one turn`);
});
