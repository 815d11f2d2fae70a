// What needs no disk answers at once, but not so that nobody else is ever asked.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, ClientOptions, Operation, StoreConfig, StoreEngine } from '../index.mjs';
import { SoftadastraLevel } from '../lib/adapters/abstract-level.mjs';
import { SoftadastraKeyv } from '../lib/adapters/keyv.mjs';
import { memoryStore, must, workspace } from './helpers.mjs';

const calls = {
  put: (engine, at) => engine.put(`key:${at % 100}`, 'value'),
  remove: (engine, at) => engine.remove(`key:${at % 100}`),
  apply: (engine, at) => engine.apply(Operation.put(`key:${at % 100}`, 'value')),
  batch: (engine, at) => engine.batch([{ type: 'put', key: `key:${at % 100}`, value: 'value' }]),
};

/** Awaits calls until a timer and an immediate were called in between, or there were far too many. */
async function awaitedUntilOthersRan(call) {
  let [timers, immediates, made] = [0, 0, 0];
  const timer = setInterval(() => {
    timers += 1;
  }, 1);
  const again = () => {
    immediates += 1;
    next = setImmediate(again);
  };
  let next = setImmediate(again);
  while ((timers < 3 || immediates < 3) && made < 1_000_000) {
    (await call(made)).value();
    made += 1;
  }
  clearInterval(timer);
  clearImmediate(next);
  return { timers, immediates };
}

for (const [name, call] of Object.entries(calls)) {
  test(`timers and immediates have their turn while a loop awaits ${name} of a store in memory`, async () => {
    const engine = (await StoreEngine.open(StoreConfig.memoryOnly())).value();
    const { timers, immediates } = await awaitedUntilOthersRan((at) => call(engine, at));
    await engine.close();
    assert.ok(timers >= 3 && immediates >= 3, `${timers} timers, ${immediates} immediates`);
  });
}

for (const [name, call] of Object.entries(calls)) {
  test(`timers and immediates have their turn while a loop awaits ${name} of a fast store`, async (t) => {
    const engine = must(await StoreEngine.open(StoreConfig.fast(workspace(t).file())));
    const { timers, immediates } = await awaitedUntilOthersRan((at) => call(engine, at));
    await engine.close();
    assert.ok(timers >= 3 && immediates >= 3, `${timers} timers, ${immediates} immediates`);
  });
}

test('timers and immediates have their turn while a loop awaits put of a client in memory', async () => {
  const client = new Client(ClientOptions.memoryOnly('node'));
  (await client.open()).value();
  const { timers, immediates } = await awaitedUntilOthersRan((at) => client.put(`${at % 100}`, ''));
  await client.close();
  assert.ok(timers >= 3 && immediates >= 3, `${timers} timers, ${immediates} immediates`);
});

/** Reads of a store, a client and the adapters whose promises need no disk; each is given how often it was called. */
async function readsOf(t) {
  const { file } = workspace(t);
  const store = memoryStore(t);
  const client = new Client(ClientOptions.memoryOnly('node'));
  const level = new SoftadastraLevel(file());
  const keyv = new SoftadastraKeyv(store);
  must(await client.open());
  await level.open();
  t.after(() => Promise.all([client.close(), level.close()]));
  const keys = Array.from({ length: 1500 }, (_, at) => `key:${String(at).padStart(4, '0')}`);
  must(await store.batch(keys.map((key) => ({ type: 'put', key, value: 'value' }))));
  await level.batch(keys.map((key) => ({ type: 'put', key, value: 'value' })));
  must(await client.put('key', 'value'));
  const cursors = {};
  /** Steps through iterations that start over at their end. */
  const step = (name, begin) => async () => {
    cursors[name] ??= begin();
    const { done } = await cursors[name].next();
    if (done) cursors[name] = undefined;
  };
  const levelIterator = () => level.iterator()[Symbol.asyncIterator]();
  return {
    'get of a client': () => client.get('key'),
    'get of a level': () => level.get('key:0000'),
    'getMany of a level': () => level.getMany(['key:0000', 'no']),
    'getMany of bytes of a level': () => level.getMany(['key:0000'], { valueEncoding: 'view' }),
    'has of a level': () => level.has('key:0000'),
    'hasMany of a level': () => level.hasMany(['key:0000', 'no']),
    'an iterator of a level': step('level', levelIterator),
    'nextv of a level': async () => {
      cursors.nextv ??= level.keys();
      const some = await cursors.nextv.nextv(10);
      if (some.length === 0) cursors.nextv = undefined;
    },
    'all of a level': () => level.values().all(),
    'get of a keyv': () => keyv.get('key:0000'),
    'getMany of a keyv': () => keyv.getMany(['key:0000', 'no']),
    'the iterator of a keyv': step('keyv', () => keyv.iterator()),
  };
}

test('timers and immediates have their turn while a loop awaits reads', async (t) => {
  for (const [name, read] of Object.entries(await readsOf(t))) {
    const { timers, immediates } = await awaitedUntilOthersRan(async (at) => {
      await read(at);
      return { value: () => undefined };
    });
    assert.ok(
      timers >= 3 && immediates >= 3,
      `${name}: ${timers} timers, ${immediates} immediates`,
    );
  }
});

test('timers and immediates have their turn during one long read of all of a level', async (t) => {
  const { file } = workspace(t);
  const level = new SoftadastraLevel(file());
  await level.open();
  t.after(() => level.close());
  const all = Array.from({ length: 100_000 }, (_, at) => `key:${String(at).padStart(6, '0')}`);
  await level.batch(all.map((key) => ({ type: 'put', key, value: key })));
  for (const read of [() => level.keys().all(), () => level.keys().nextv(all.length)]) {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 0);
    const found = await read();
    clearInterval(timer);
    assert.deepEqual(found, all);
    assert.ok(turns >= 2, `${turns} turns`);
  }
  assert.deepEqual(
    await level.keys({ limit: 1234, reverse: true }).all(),
    all.slice(-1234).reverse(),
  );
  const some = level.keys({ limit: 700 });
  assert.equal((await some.nextv(600)).length, 600);
  assert.deepEqual(await some.all(), all.slice(600, 700));
});
