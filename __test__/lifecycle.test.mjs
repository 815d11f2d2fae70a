// A store is used after it was opened and before it is closed; at any other time it says so, and no promise is lost.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, ClientOptions, StoreConfig, StoreEngine } from '@softadastra/store';
import { dump, filesOf, memoryStore, must, refused, throws, workspace } from './helpers.mjs';

test('close may be called again, and on a store that was never opened', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const closings = await Promise.all([store.close(), store.close()]);
  closings.forEach(must);
  must(await store.close());
  const never = new StoreEngine(StoreConfig.durable(work.file('never.wal')));
  must(await never.close());
  refused(await never.recover(), 'invalid_state', /closed/);
  assert.equal(Object.keys(filesOf(work.dir)).includes('never.wal'), false);
});

test('puts called before close are committed, puts called after it are refused', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const early = Array.from({ length: 500 }, (_, n) => store.put(`k${n}`, 'x'));
  const closing = store.close();
  const late = [store.put('late', 'x'), store.remove('k1'), store.flush()];
  for (const result of await Promise.all(early)) must(result);
  for (const result of await Promise.all(late)) refused(result, 'invalid_state', /closed/);
  must(await closing);
  const again = await work.open();
  assert.equal(again.size(), 500);
  assert.equal(again.contains('late'), false);
});

test('puts that race with close from many turns of the loop all settle, and exactly the ok ones are there', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const acknowledged = [];
  const writer = async (name) => {
    for (let n = 0; ; n += 1) {
      const result = await store.put(`${name}/${n}`, 'x');
      if (result.isErr()) {
        refused(result, 'invalid_state', /closed/);
        return;
      }
      acknowledged.push(`${name}/${n}`);
    }
  };
  const writers = Array.from({ length: 20 }, (_, n) => writer(`w${n}`));
  while (acknowledged.length < 200) await store.flush();
  const closing = store.close();
  await Promise.all(writers);
  must(await closing);
  assert.deepEqual([...(await work.open()).keys()].sort(), acknowledged.sort());
});

test('reads end with the call of close, whatever the disk is still doing', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  await store.put('a', '1');
  const closing = store.close();
  refused(store.get('a'), 'invalid_state', /closed/);
  throws(() => store.getString('a'), 'invalid_state', /closed/);
  throws(() => store.size(), 'invalid_state', /closed/);
  must(await closing);
});

test('recover is refused while writes are staged or in flight, and nothing is lost', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const staged = store.put('a', '1');
  refused(await store.recover(), 'invalid_state', /writes/);
  must(await staged);
  const inFlight = Promise.all(Array.from({ length: 100 }, (_, n) => store.put(`k${n}`, 'x')));
  await new Promise(process.nextTick);
  refused(await store.recover(), 'invalid_state', /writes/);
  for (const result of await inFlight) must(result);
  must(await store.recover());
  assert.equal(store.size(), 101);
});

test('while recover runs the store is not open, and a second recover is refused', async (t) => {
  const work = workspace(t);
  const store = work.track(new StoreEngine(StoreConfig.durable(work.file())));
  const recovering = store.recover();
  refused(await store.recover(), 'invalid_state', /recover\(\)/);
  refused(store.get('a'), 'invalid_state', /recover\(\)/);
  refused(await store.put('a', '1'), 'invalid_state', /recover\(\)/);
  must(await recovering);
  must(await store.put('a', '1'));
});

test('a close that overtakes a recover waits for it', async (t) => {
  const work = workspace(t);
  const store = new StoreEngine(StoreConfig.durable(work.file()));
  const [recovered, closed] = await Promise.all([store.recover(), store.close()]);
  must(recovered);
  must(closed);
  refused(store.get('a'), 'invalid_state', /closed/);
  must(await (await work.open()).put('a', '1'));
});

test('a recover that failed can be tried again', async (t) => {
  const work = workspace(t);
  const { mkdirSync } = await import('node:fs');
  const store = work.track(new StoreEngine(StoreConfig.durable(work.file('later/store.wal'))));
  refused(await store.recover(), 'io_error', /directory does not exist/);
  refused(store.get('a'), 'invalid_state', /not open/);
  mkdirSync(work.file('later'));
  must(await store.recover());
  must(await store.put('a', '1'));
});

test('await using closes the store, and says so when that fails', async (t) => {
  const work = workspace(t);
  const dispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');
  const store = await work.open();
  await store.put('a', '1');
  assert.equal(await store[dispose](), undefined);
  refused(store.get('a'), 'invalid_state', /closed/);
  assert.equal(await store[dispose](), undefined);
  assert.deepEqual(dump(await work.open()), [['a', '1', 1]]);
});

test('await using closes stores and clients at the end of their block', async (t) => {
  const work = workspace(t);
  const AsyncFunction = (async () => undefined).constructor;
  let run;
  try {
    run = new AsyncFunction('opened', 'body', 'await using it = opened; body(it);');
  } catch {
    t.skip('this runtime has no such syntax');
    return;
  }
  const store = await work.open();
  await run(store, (it) => assert.equal(it.size(), 0));
  refused(store.get('a'), 'invalid_state', /closed/);
  const client = new Client(ClientOptions.persistent('node-a', work.file()));
  must(await client.open());
  await run(client, (it) => assert.equal(it.size(), 0));
  refused(await client.get('a'), 'invalid_state', /closed/);
  must(await (await work.open()).close());
});

test('many stores live side by side', async (t) => {
  const work = workspace(t);
  const stores = await Promise.all(Array.from({ length: 10 }, (_, n) => work.open(`${n}.wal`)));
  await Promise.all(stores.map((store, n) => store.put('me', String(n))));
  assert.deepEqual(
    stores.map((store) => store.getString('me')),
    Array.from({ length: 10 }, (_, n) => String(n)),
  );
});

test('a store that nobody closed does not keep the process, and its data is there', async (t) => {
  const work = workspace(t);
  const { runChild } = await import('./helpers.mjs');
  const child = await runChild('leave-open.mjs', [work.file()]);
  assert.deepEqual([child.code, child.stderr], [0, '']);
  assert.deepEqual(dump(await work.open()), [['a', '1', 1]]);
});

test('flush in memory, durable and fast stores comes after the writes before it', async (t) => {
  const work = workspace(t);
  const fast = work.track(must(await StoreEngine.open(StoreConfig.fast(work.file('fast.wal')))));
  for (const store of [memoryStore(t), await work.open(), fast]) {
    const order = [];
    const note = (what) => (result) => {
      must(result);
      order.push(what);
    };
    await Promise.all([
      store.put('a', '1').then(note('a')),
      store.flush().then(note('flush')),
      store.put('b', '2').then(note('b')),
    ]);
    assert.ok(order.indexOf('a') < order.indexOf('flush'), order.join());
    assert.equal(store.size(), 2);
  }
});
