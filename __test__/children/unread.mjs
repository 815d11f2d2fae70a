// Makes results of one kind and forgets them, then a failure that nobody reads, and prints the warnings that came. Run with
// --expose-gc.

import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { Client, ClientOptions, Result, StoreConfig, StoreEngine } from '@softadastra/store';

const [, , kind, dir] = process.argv;
const engine = new StoreEngine(StoreConfig.memoryOnly());
const closed = new StoreEngine(StoreConfig.memoryOnly());
const missing = StoreConfig.durable(`${dir}/none/store.wal`);
const client = new Client(ClientOptions.local('node'));
const unopened = new Client(ClientOptions.persistent('node', `${dir}/none/client.wal`));
const own = new Error('mine');
const each = (results, call) => results.forEach(call);
const read = (how) => async () => each(await failures(), how);

async function failures() {
  return Promise.all([
    engine.put('', 'x'),
    engine.put('a', 'x', { ifVersion: 7 }),
    engine.batch([{ type: 'remove', key: '' }]),
    engine.compact(),
    engine.get(''),
    closed.put('a', 'x'),
    closed.get('a'),
    StoreEngine.open(missing),
    client.put('', 'x'),
  ]);
}

const KINDS = {
  successes: async () => {
    await engine.put('a', '1');
    await engine.remove('a');
    await engine.flush();
    engine.get('a');
  },
  'missing keys': async () => {
    engine.get('none');
    await client.get('none');
    await closing.removeConsumer('none');
  },
  ok: read((result) => result.ok),
  isOk: read((result) => result.isOk()),
  isErr: read((result) => result.isErr()),
  error: read((result) => result.error()),
  value: read((result) => {
    try {
      result.value();
    } catch {
      // It was read all the same.
    }
  }),
  JSON: read((result) => JSON.stringify(result)),
  inspection: read((result) => inspect(result)),
  clones: read((result) => structuredClone(result)),
  orThrow: () => engine.orThrow.put('', 'x').catch(() => undefined),
  'results of the caller': async () => {
    Result.err((await engine.put('', 'x')).error());
  },
  'a close inside of an open that failed': async () => (await StoreEngine.open(missing)).ok,
  'what the progress threw': async () => {
    const store = (await StoreEngine.open(StoreConfig.durable(`${dir}/store.wal`))).value();
    (await store.put('large', 'x'.repeat(3 << 20))).value();
    const onProgress = () => {
      throw own;
    };
    await store.compact({ onProgress }).catch(() => undefined);
    (await store.close()).value();
  },
};

/** These leave a failure that nobody reads. */
const LEAVE_ONE = {
  'an open': () => StoreEngine.open(missing),
  'a put that nobody waits for': async () => {
    void engine.put('lost', 'x', { ifVersion: 7 });
  },
  'a get of a client': () => client.get(''),
  'an open of a client': () => unopened.open(),
  'one of a failed group': async () => {
    const puts = [closing.put('a', 'x'), closing.put('b', 'x')];
    (await puts[0]).error();
    await puts[1];
  },
  'a long key': () => engine.put('k'.repeat(1 << 20), 'x', { ifVersion: 7 }),
  'very many': async () => each(Array(5000).fill(''), (key) => engine.get(key)),
};

/** A store whose commits fail. */
const closing = await (async () => {
  const path = `${dir}/failing.wal`;
  return (await StoreEngine.open(StoreConfig.durable(path))).value();
})();

const warnings = [];
process.on('warning', ({ name, code, message, detail }) => {
  warnings.push({ name, code, message, detail });
});

/** Collects until a thing made now is gone, and lets the finalizers of all that went with it run. */
async function collect() {
  let gone = false;
  const registry = new FinalizationRegistry(() => {
    gone = true;
  });
  (() => registry.register({}, undefined))();
  while (!gone) {
    globalThis.gc();
    await sleep(1);
  }
}

(await client.open()).value();
(await closed.close()).value();
if (kind === 'one of a failed group') {
  const { renameSync } = await import('node:fs');
  (await closing.put('first', 'x')).value();
  renameSync(`${dir}/failing.wal`, `${dir}/moved.wal`);
}
await (KINDS[kind] ?? LEAVE_ONE[kind])();
// A failure may stay reachable for a while where its engine last held it, so one that must come is waited for.
for (let n = 0; n < 100 && kind in LEAVE_ONE && warnings.length === 0; n += 1) await collect();
await collect();
await collect();
const before = warnings.length;
await engine.put('control', 'x', { ifVersion: 7 });
for (let n = 0; n < 100 && warnings.length === 0; n += 1) await collect();
await engine.put('control', 'x', { ifVersion: 7 });
await collect();
await collect();
process.stdout.write(JSON.stringify({ before, warnings }));
(await closing.close()).isOk();
