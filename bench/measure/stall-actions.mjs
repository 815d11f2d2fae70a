// The calls whose stalls are measured. `prepare` is not measured and gives `run` what it needs.

import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { StoreConfig, StoreEngine } from '../../index.mjs';
import { flat } from '../data/random.mjs';
import { expect } from './clock.mjs';

const LARGEST = 64 * 1024 * 1024;
const TIMES = 20;

/** Does a synchronous call a few times, each in a turn of its own. */
const inTurns = (call) => async (store, prepared, dataset) => {
  for (let at = 0; at < TIMES; at += 1) {
    await call(store, prepared, at, dataset);
    await turn();
  }
};

/** A tenth of all entries: 100,000 of a million. */
const tenth = (dataset) => dataset.size / 10;

const puts = (dataset, of) =>
  Array.from({ length: tenth(dataset) }, (_, at) => ({
    type: 'put',
    key: dataset.key(at * 10),
    value: dataset.value(at * 10),
    ...of,
  }));

const values = {
  bytes: () => Buffer.alloc(LARGEST, 7),
  text: () => flat('x'.repeat(LARGEST)),
  worldly: () => flat('世'.repeat(21 * 1024 * 1024)),
};

const put = (make) => ({
  prepare: () => make(),
  run: async (store, value) => (await store.put('large', value)).value(),
});

const get = (make, read) => ({
  prepare: async (store) => {
    const value = make();
    (await store.put('large', value)).value();
    return value.length;
  },
  run: (store, length) => expect(store[read]('large').length === length, 'the large value'),
});

async function makeSnapshots(store, dataset) {
  const all = [];
  for (let at = 0; at < tenth(dataset) / 5; at += 1) {
    all.push(store.snapshot());
    if (at % 20 === 0) (await store.put(dataset.key(at), dataset.value(at))).value();
  }
  return { all };
}

async function collect(_store, prepared) {
  prepared.all = undefined;
  for (let round = 0; round < 5; round += 1) {
    await pause(20);
    global.gc();
  }
}

/** Puts that are awaited one by one, to a store in memory: nothing but the store gives others their turn. */
async function putInMemory(_store, _prepared, dataset) {
  const store = (await StoreEngine.open(StoreConfig.memoryOnly())).value();
  for (let at = 0; at < dataset.size / 2; at += 1) {
    (await store.put(dataset.key(at), dataset.value(at))).value();
  }
  (await store.close()).value();
}

/** Followers that wait at the end of the history, and a write that all of them are given. */
async function follow(store, _prepared, dataset) {
  const since = store.lastSequence();
  const next = [];
  for (let at = 0; at < tenth(dataset) / 10; at += 1) {
    next.push(store.operations({ follow: true, since }).next());
    if (at % 100 === 0) await turn();
  }
  (await store.put('news', 'x')).value();
  for (const { value } of await Promise.all(next)) expect(value.sequence > since, 'the news');
}

async function iterate(store, _prepared, dataset) {
  const since = store.lastSequence() - 5;
  for (let at = 0; at < tenth(dataset) / 20; at += 1) {
    for await (const { sequence } of store.operations({ since })) {
      expect(sequence === since + 1, 'the first operation');
      break;
    }
  }
}

async function readHistory(store, since) {
  let next = since;
  for await (const { sequence } of store.operations({ since })) {
    next += 1;
    expect(sequence === next, 'the history has no gap');
  }
  expect(next === store.lastSequence(), 'the history is whole');
}

export const actions = {
  nothing: { run: () => pause(300) },
  snapshot: {
    run: inTurns(async (store, _prepared, at, dataset) => {
      expect(store.snapshot().size() >= dataset.size, 'the snapshot is whole');
      (await store.put(dataset.key(at * 7), dataset.value(at * 7))).value();
    }),
  },
  stats: {
    run: inTurns((store, _, __, { size }) => expect(store.stats().entries === size, 'size')),
  },
  page: {
    run: inTurns((store, _prepared, at) => {
      const options = { reverse: at % 2 === 1, ...(at % 4 > 1 ? { prefix: 'user:' } : {}) };
      expect(store.entries(options).next().done === false, 'the first page');
    }),
  },
  many: {
    prepare: (_store, dataset) =>
      Array.from({ length: 1000 }, (_, at) => dataset.key((at * 7919) % dataset.size)),
    run: inTurns((store, keys) => expect(!store.getMany(keys).includes(undefined), 'getMany')),
  },
  'put-bytes': put(values.bytes),
  'put-text': put(values.text),
  'put-worldly': put(values.worldly),
  'get-bytes': get(values.bytes, 'getBytes'),
  'get-text': get(values.text, 'getString'),
  'get-worldly': get(values.worldly, 'getString'),
  batch: {
    prepare: (_store, dataset) => puts(dataset),
    run: async (store, batch) => {
      for (let at = 0; at < 3; at += 1) (await store.batch(batch)).value();
    },
  },
  refused: {
    prepare: (_store, dataset) => puts(dataset, { ifVersion: 0 }),
    run: async (store, batch) => expect((await store.batch(batch)).isErr(), 'it is refused'),
  },
  'memory-puts': { run: putInMemory },
  collect: { prepare: makeSnapshots, run: collect },
  followers: { run: follow },
  iterations: { run: iterate },
  history: {
    prepare: async (store, dataset) => {
      const since = store.lastSequence();
      (await store.batch(puts(dataset))).value();
      return since;
    },
    run: readHistory,
  },
  close: { run: async (store) => (await store.close()).value() },
};
