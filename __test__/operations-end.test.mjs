// An iteration over the history ends when it should, and holds nothing back after that.

import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { must, runChild, throws, workspace } from './helpers.mjs';

const MANUAL = { compaction: false };

async function fill(store, count) {
  const puts = Array.from({ length: count }, (_, n) => store.put(`k${n}`, 'x'));
  for (const result of await Promise.all(puts)) must(result);
}

test('close ends an iteration: one that waits, one in the middle, one that was not begun', async (t) => {
  const store = await workspace(t).open();
  await fill(store, 10);
  const waits = store.operations({ since: 10, follow: true });
  const [middle, fresh] = [store.operations({ follow: true }), store.operations()];
  const waiting = waits.next();
  assert.equal((await middle.next()).value.sequence, 1);
  must(await store.close());
  assert.equal((await waiting).done, true);
  assert.equal((await middle.next()).done, true);
  assert.equal((await fresh.next()).done, true);
  throws(() => store.operations(), 'invalid_state', 'the store is closed');
});

test('a signal ends an iteration that waits, and one that was not begun', async (t) => {
  const store = await workspace(t).open();
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = store.operations({ follow: true, signal }).next();
  await turn();
  controller.abort();
  assert.equal((await waiting).done, true);
  assert.equal((await store.operations({ signal }).next()).done, true);
});

test('return() ends an iteration that waits', async (t) => {
  const store = await workspace(t).open();
  const iterator = store.operations({ follow: true });
  const waiting = iterator.next();
  await turn();
  assert.deepEqual(await iterator.return(7), { done: true, value: 7 });
  assert.equal((await waiting).done, true);
  assert.equal((await iterator.next()).done, true);
});

for (const [how, stop] of [
  [
    'break',
    async (iterator) => {
      for await (const { sequence } of iterator) if (sequence === 5) break;
    },
  ],
  [
    'return() while it waits',
    async (iterator) => {
      for (let n = 0; n < 5; n += 1) await iterator.next();
      await iterator.return();
    },
  ],
]) {
  test(`a reader holds the history back that it has not read, and no more after ${how}`, async (t) => {
    const store = await workspace(t).open(undefined, MANUAL);
    const large = 'x'.repeat(1 << 20);
    for (let n = 0; n < 8; n += 1) must(await store.put('k', large));
    const iterator = store.operations();
    await iterator.next();
    assert.ok(must(await store.compact()).floor < 8);
    await stop(iterator);
    assert.equal(must(await store.compact()).floor, 8);
  });
}

test('a process that only waits for more of the history ends', async (t) => {
  const { file } = workspace(t);
  const child = await runChild('follow-alone.mjs', [file()], { timeout: 60_000 });
  assert.deepEqual([child.signal, child.stderr, child.stdout], [null, '', 'waiting\n']);
});

test('an iteration that was begun and forgotten holds nothing back forever', async (t) => {
  const { file } = workspace(t);
  const env = { ...process.env, NODE_OPTIONS: '--expose-gc' };
  const child = await runChild('forgotten.mjs', [file()], { timeout: 60_000, env });
  assert.deepEqual([child.stderr, child.stdout], ['', 'held true, then all gone true\n']);
});

test('a process that follows its own writes is given all of them before it ends', async (t) => {
  const { file } = workspace(t);
  const child = await runChild('follow-own.mjs', [file()], { timeout: 60_000 });
  assert.deepEqual([child.stderr, child.stdout], ['', 'given 500\n']);
});
