// Begins very many iterations over the history and ends them in every way. Says for each way how many listeners its
// signal had at most and has now, how often an iteration that is remembered was looked at, and how many bytes each one
// left behind. Run with --expose-gc.

import { getEventListeners } from 'node:events';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

let looks = 0;
const { deref } = WeakRef.prototype;
WeakRef.prototype.deref = function counted() {
  looks += 1;
  return deref.call(this);
};

const { StoreConfig, StoreEngine } = await import('@softadastra/store');
const [, , path, countText] = process.argv;
const count = Number(countText);
const config = StoreConfig.durable(path, { compaction: false });
const store = (await StoreEngine.open(config)).value();
for (let n = 0; n < 10; n += 1) (await store.put('k', 'v')).value();
const consumer = (await store.consumer('outbox')).value();

let warnings = 0;
process.on('warning', () => {
  warnings += 1;
});

/** Ways in which an iteration that has begun can end, and ways not to begin or not to end. */
const ways = {
  finished: async (options) => {
    for await (const _ of store.operations(options));
  },
  broken: async (options) => {
    for await (const _ of store.operations(options)) break;
  },
  returned: async (options) => {
    const iterator = store.operations({ ...options, follow: true, since: 10 });
    const next = iterator.next();
    await iterator.return();
    await next;
  },
  thrown: async (options) => {
    const iterator = store.operations(options);
    await iterator.next();
    await iterator.throw(new Error('mine')).catch(() => undefined);
  },
  refused: (options) =>
    store
      .operations({ ...options, since: 99 })
      .next()
      .catch(() => undefined),
  consumed: async (options) => {
    for await (const _ of consumer.operations({ signal: options.signal })) break;
  },
  neverBegun: (options) => store.operations(options),
  forgotten: (options) => store.operations(options).next(),
};

/** Heap of JavaScript, once what can go has gone. */
async function heap() {
  for (let round = 0; round < 5; round += 1) {
    globalThis.gc();
    await sleep(5); // finalizers run between turns
  }
  return process.memoryUsage().heapUsed;
}

async function run(way, signal, times) {
  let listeners = 0;
  for (let n = 0; n < times; n += 1) {
    await way({ since: 5, signal });
    if (n % 100 === 0) listeners = Math.max(listeners, getEventListeners(signal, 'abort').length);
  }
  return listeners;
}

const report = {};
for (const [name, way] of Object.entries(ways)) {
  const { signal } = new AbortController();
  await run(way, signal, 500);
  const before = await heap();
  looks = 0;
  const listeners = await run(way, signal, count);
  const looksEach = looks / count;
  const bytesEach = Math.round(((await heap()) - before) / count);
  const left = getEventListeners(signal, 'abort').length;
  report[name] = { listeners, left, looksEach, bytesEach };
}

looks = 0;
const controller = new AbortController();
const follow = { follow: true, since: 10, signal: controller.signal };
const following = Array.from({ length: count }, () => store.operations(follow).next());
await sleep(0);
(await store.put('k', 'w')).value();
const given = await Promise.all(following);
const looksEach = looks / count;
const waiting = Array.from({ length: 20 }, () => store.operations({ ...follow, since: 11 }).next());
await sleep(5);
controller.abort();
const allOver = (await Promise.all(waiting)).every(({ done }) => done);
const held = store.stats().heldBytes;
const followers = { looksEach, all: given.every(({ value }) => value.sequence === 11), allOver };
(await store.removeConsumer('outbox')).value();
const gone = (await store.compact()).value().floor === store.lastSequence();
(await store.close()).value();
process.stdout.write(JSON.stringify({ report, followers, warnings, held, gone }));
