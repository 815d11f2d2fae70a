// A store tells listeners of changes, compactions and a stop of writing, in the manner of an EventEmitter.

import assert from 'node:assert/strict';
import events from 'node:events';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Change, CompactionReport, SoftadastraError } from '@softadastra/store';
import { memoryStore, must, refused, runChild, throws, workspace } from './helpers.mjs';
import { Thread } from './thread.mjs';

/** Turns of the event loop until a condition holds; a test that waits in vain is ended by its runner. */
async function when(holds) {
  while (!holds()) await turn();
}

test('listeners hear of every change, in order, whichever thread makes it', async (t) => {
  const work = workspace(t);
  for (const store of [memoryStore(t), await work.open()]) {
    const heard = [];
    const other = [];
    assert.equal(
      store.on('change', (change) => heard.push(change)),
      store,
    );
    store.addListener('change', ({ key }) => other.push(key));
    const puts = Array.from({ length: 300 }, (_, n) => store.put(`k${n}`, 'x'));
    for (const result of await Promise.all(puts)) must(result);
    must(await store.remove('k0'));
    await when(() => heard.length === 301);
    assert.deepEqual(
      heard.map(({ version }) => version),
      Array.from(heard, (_, n) => n + 1),
    );
    assert.ok(heard.every((change) => change instanceof Change));
    assert.deepEqual([heard[300].type, other.length], ['remove', 301]);
  }
  const store = await work.open('shared.wal');
  const thread = new Thread(t);
  await thread.open(work.file('shared.wal'));
  const told = events.once(store, 'change');
  await thread.call('put', 'thread', 'x');
  assert.equal((await told)[0].key, 'thread');
});

test('nothing is watched when nobody listens any more', async (t) => {
  const store = memoryStore(t);
  const heard = [];
  const listener = ({ key }) => heard.push(key);
  assert.equal(store.stats().watches, 0);
  store.on('change', listener).once('change', listener);
  assert.equal(store.stats().watches, 1, 'all listeners share a watch');
  must(await store.put('a', 'x'));
  await when(() => heard.length === 2);
  must(await store.put('b', 'x'));
  await when(() => heard.length === 3);
  assert.equal(store.off('change', listener), store);
  assert.equal(store.stats().watches, 0);
  must(await store.put('c', 'x'));
  store.once('change', listener);
  must(await store.put('d', 'x'));
  await when(() => heard.length === 4);
  assert.equal(store.stats().watches, 0, 'once is enough');
  assert.deepEqual(heard, ['a', 'a', 'b', 'd']);
  store.removeListener('change', listener);
});

test('once() and on() of node:events take a store', async (t) => {
  const store = memoryStore(t);
  const once = events.once(store, 'change');
  const iterator = events.on(store, 'change');
  must(await store.put('a', 'x'));
  assert.equal((await once)[0].key, 'a');
  assert.equal((await iterator.next()).value[0].key, 'a');
  await iterator.return();
  assert.equal(store.stats().watches, 0);
});

test('a compaction is told with its result, in every thread', async (t) => {
  const work = workspace(t);
  const store = await work.open(undefined, { compaction: false });
  must(await store.put('a', 'x'));
  const thread = new Thread(t);
  await thread.call('open', work.file(), 'durable', undefined, { compaction: false });
  const told = events.once(store, 'compaction');
  await thread.call('compact');
  const [result] = await told;
  assert.ok(must(result) instanceof CompactionReport);
  assert.equal(must(result).floor, 1);
});

test('an automatic compaction is told', async (t) => {
  const rules = { compaction: { ratio: 1.5, minimumBytes: 1 << 16 } };
  const store = await workspace(t).open(undefined, rules);
  const told = events.once(store, 'compaction');
  for (let n = 0; n < 30; n += 1) must(await store.put('a', 'x'.repeat(10_000)));
  const [result] = await told;
  assert.ok(must(result).bytesAfter < must(result).bytesBefore);
});

test('a log that was removed is told as failed compaction and as stop of writing', async (t) => {
  const work = workspace(t);
  const store = await work.open(undefined, { compaction: false });
  must(await store.put('a', 'x'));
  const compacted = [];
  const stopped = [];
  store.on('compaction', (result) => compacted.push(result));
  store.on('poisoned', (why) => stopped.push(why));
  rmSync(work.file());
  refused(await store.compact(), 'invalid_state');
  await when(() => compacted.length === 1 && stopped.length === 1);
  refused(compacted[0], 'invalid_state');
  assert.ok(stopped[0] instanceof SoftadastraError);
  const error = refused(await store.put('b', 'x'), 'invalid_state');
  assert.equal(stopped[0].message, error.message);
  await turn();
  assert.equal(stopped.length, 1, 'once');
});

test('a store that was recovered goes on telling', async (t) => {
  const store = await workspace(t).open();
  const heard = [];
  store.on('change', ({ key }) => heard.push(key));
  must(await store.put('a', 'x'));
  await when(() => heard.length === 1);
  must(await store.recover());
  await when(() => store.stats().watches === 1);
  must(await store.put('b', 'x'));
  await when(() => heard.length === 2);
  assert.deepEqual(heard, ['a', 'b']);
});

test('a listener may close the store, and listeners are told no more after that', async (t) => {
  const store = memoryStore(t);
  const closed = new Promise((resolve) => {
    store.on('change', () => resolve(store.close()));
  });
  must(await store.put('a', 'x'));
  must(await closed);
  throws(() => store.on('change', () => undefined), 'invalid_state', 'the store is closed');
  store.off('change', () => undefined);
});

test('bad input is refused at once', (t) => {
  const store = memoryStore(t);
  const listener = () => undefined;
  for (const add of ['on', 'once', 'off', 'addListener', 'removeListener']) {
    throws(() => store[add]('chnage', listener), 'invalid_argument', /did you mean "change"/);
    throws(() => store[add]('change', 'x'), 'invalid_argument', /must be a function/);
    throws(() => store[add]('change'), 'invalid_argument', /must be a function/);
  }
  assert.equal(store.stats().watches, 0);
});

test('listeners keep no process alive, and what one throws is uncaught', async (t) => {
  const { file } = workspace(t);
  const child = await runChild('events.mjs', [file()], { timeout: 60_000 });
  assert.deepEqual([child.signal, child.code, child.stdout], [null, 0, 'b\nuncaught on purpose\n']);
  assert.equal(child.stderr, '');
});
