// This store, through its public interface, in the files that `setup.mjs` makes as for a release.

import path from 'node:path';
import { StoreConfig, StoreEngine } from '../release/index.mjs';

// The native file is loaded with the module, as those of most others are.
new StoreEngine(StoreConfig.memoryOnly());

const logIn = (folder) => path.join(folder, 'store.wal');

async function open(config, options) {
  return (await StoreEngine.open(config, options)).value();
}

export async function load(folder, dataset, order) {
  const engine = await open(StoreConfig.fast(logIn(folder)));
  for (let start = 0; start < order.length; start += 1000) {
    const part = Array.from(order.subarray(start, start + 1000), (place) => {
      return { type: 'put', key: dataset.key(place), value: dataset.value(place) };
    });
    (await engine.batch(part)).value();
  }
  (await engine.close()).value();
}

export function openEngine(folder, options, settings) {
  return open(StoreConfig.durable(logIn(folder), settings), options);
}

export async function openReader(folder, { limit } = {}) {
  return readerOf(await openEngine(folder, undefined, { memoryLimit: limit }));
}

/** Replays the whole log before it can be read. */
export async function openVerified(folder) {
  return readerOf(await openEngine(folder, { verify: 'first' }));
}

export function readerOf(engine) {
  return {
    get: (key) => engine.getString(key),
    entry: (key) => {
      const found = engine.get(key);
      return found.isOk() ? found.value().value.toString() : undefined;
    },
    bytes: (key) => engine.getBytes(key),
    has: (key) => engine.contains(key),
    many: (keys) => engine.getMany(keys),
    scan(range, visit) {
      for (const [key, entry] of engine.entries(range)) visit(key, entry.value.toString());
    },
    keys(range, visit) {
      for (const key of engine.keys(range)) visit(key);
    },
    size: () => engine.size(),
    close: async () => (await engine.close()).value(),
  };
}

function settle(results) {
  for (const result of results) if (result.isErr()) throw result.error();
}

const putsOf = (keys, values) => keys.map((key, at) => ({ type: 'put', key, value: values[at] }));

/** The calls of `engine` that are done when they return. */
const synchronous = (engine) => ({
  put: (key, value) => engine.putSync(key, value).value(),
  batch: (keys, values) => engine.batchSync(putsOf(keys, values)).value(),
});

export async function openWriter(folder, { durable, sync, limit }) {
  const make = durable ? StoreConfig.durable : StoreConfig.fast;
  const config = make(logIn(folder), { memoryLimit: limit });
  const engine = await open(config);
  return {
    put: async (key, value) => (await engine.put(key, value)).value(),
    puts: async (keys, values) =>
      settle(await Promise.all(keys.map((key, at) => engine.put(key, values[at])))),
    removes: async (keys) => settle(await Promise.all(keys.map((key) => engine.remove(key)))),
    batch: async (keys, values) => (await engine.batch(putsOf(keys, values))).value(),
    ...(sync && synchronous(engine)),
    oldest: (count) => Array.from(engine.keys({ limit: count })),
    get: (key) => engine.getString(key),
    close: async () => (await engine.close()).value(),
  };
}
