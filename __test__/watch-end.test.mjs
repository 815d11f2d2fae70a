// A watch ends when it should, after what was committed before, and holds nothing after that.

import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Change } from '@softadastra/store';
import { memoryStore, must, runChild, throws, workspace } from './helpers.mjs';
import { Thread } from './thread.mjs';

test('close ends a watch after what was committed, one that waits and one that was not begun', async (t) => {
  const work = workspace(t);
  for (const store of [memoryStore(t), await work.open()]) {
    const [waits, fresh] = [store.watch({ prefix: 'never' }), store.watch()];
    const waiting = waits.next();
    must(await store.put('a', '1'));
    must(await store.close());
    assert.deepEqual(await waiting, { done: true, value: undefined });
    assert.equal((await fresh.next()).value.key, 'a');
    assert.equal((await fresh.next()).done, true);
    throws(() => store.watch(), 'invalid_state', 'the store is closed');
  }
});

test('a store that only this thread closes goes on for the others', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const thread = new Thread(t);
  await thread.open(work.file());
  const watched = thread.call('watched', 2);
  await thread.call('stats');
  const watch = store.watch();
  must(await store.put('a', '1'));
  must(await store.close());
  await thread.call('put', 'b', '2');
  assert.deepEqual(await watched, [
    ['put', 'a', '1', 1],
    ['put', 'b', '2', 2],
  ]);
  assert.equal((await watch.next()).value.key, 'a');
  assert.equal((await watch.next()).done, true, 'the share of this thread is closed');
});

test('a signal, return() and break end a watch at once', async (t) => {
  const store = memoryStore(t);
  const controller = new AbortController();
  const { signal } = controller;
  const [waits, full] = [store.watch({ prefix: 'x' }, { signal }), store.watch({}, { signal })];
  const waiting = waits.next();
  assert.equal(store.stats().watches, 2);
  must(await store.put('a', '1'));
  controller.abort();
  assert.equal(store.stats().watches, 0);
  for (const step of [waiting, full.next(), store.watch({}, { signal }).next()]) {
    assert.deepEqual(await step, { done: true, value: undefined });
  }
  const returned = store.watch();
  const pending = returned.next();
  await turn();
  assert.deepEqual(await returned.return(7), { done: true, value: 7 });
  assert.equal((await pending).done, true);
  const broken = store.watch();
  must(await store.put('a', '2'));
  for await (const { version } of broken) {
    assert.equal(version, 2);
    break;
  }
  assert.equal((await broken.next()).done, true);
  assert.equal(store.stats().watches, 0);
});

test('a recovery of an open store ends its watches, and they can be begun again', async (t) => {
  const store = await workspace(t).open();
  const [waits, fresh] = [store.watch(), store.watch()];
  const recovered = { code: 'invalid_state', message: /the store was recovered/ };
  const waiting = assert.rejects(waits.next(), recovered);
  must(await store.recover());
  await waiting;
  await assert.rejects(fresh.next(), { code: 'invalid_state' });
  assert.equal((await waits.next()).done, true);
  const again = store.watch();
  must(await store.put('a', '1'));
  assert.equal((await again.next()).value.version, 1);
});

test('a watch keeps no process alive, hears of the last write, and is collected when forgotten', async (t) => {
  const { file } = workspace(t);
  const env = { ...process.env, NODE_OPTIONS: '--expose-gc' };
  const child = await runChild('watch-alone.mjs', [file()], { timeout: 60_000, env });
  assert.deepEqual(
    [child.signal, child.stderr, child.stdout],
    [null, '', '201 watches\n0 watches\nheard 100\n'],
  );
});

test('a watch of a typed store gives values of its type, and ends at one that does not decode', async (t) => {
  const store = memoryStore(t);
  const json = store.as('json');
  const watch = json.watch({ prefix: 'a' });
  must(await json.put('a', { n: 1 }));
  must(await json.put('b', { n: 2 }));
  must(await json.remove('a'));
  must(await json.put('a', null));
  must(await store.put('a', '{'));
  must(await json.put('a', 3));
  const values = [];
  for (let n = 0; n < 3; n += 1) {
    const { value } = await watch.next();
    assert.ok(value instanceof Change);
    values.push([value.type, value.value, value.version]);
  }
  assert.deepEqual(values, [
    ['put', { n: 1 }, 1],
    ['remove', undefined, 3],
    ['put', null, 4],
  ]);
  const broken = { code: 'store_error', message: /the value of "a" does not decode as JSON/ };
  await assert.rejects(watch.next(), broken);
  assert.equal((await watch.next()).done, true);
  const waits = json.watch();
  const waiting = waits.next();
  await turn();
  await waits.return();
  assert.equal((await waiting).done, true);
  await json.watch().return();
  assert.equal(store.stats().watches, 0);
  throws(() => json.watch({ limit: 1 }), 'invalid_argument', /unknown option "limit"/);
});

test('threads that end while they watch and listen leave nothing behind', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  let writing = true;
  const writer = (async () => {
    for (let n = 0; writing; n += 1) must(await store.put(`k${n % 9}`, 'x'.repeat(n % 3000)));
  })();
  for (let round = 0; round < 3; round += 1) {
    const all = Array.from({ length: 4 }, () => new Thread(t));
    await Promise.all(all.map((thread) => thread.open(work.file())));
    for (const [n, thread] of all.entries()) {
      void thread.call('watched', Number.POSITIVE_INFINITY);
      await thread.call('listen');
      assert.ok(store.stats().watches >= 2);
      if (n % 2 === 0) await thread.terminate();
      else {
        void thread.call('end', 'exit');
        await thread.ended;
      }
    }
  }
  while (store.stats().watches > 0) await turn();
  writing = false;
  await writer;
});
