// This store, through its public interface.

import path from 'node:path';
import { StoreConfig, StoreEngine } from '../../index.mjs';

const logIn = (folder) => path.join(folder, 'store.wal');

async function open(config) {
  return (await StoreEngine.open(config)).value();
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

export async function openReader(folder) {
  const engine = await open(StoreConfig.durable(logIn(folder)));
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

export async function openWriter(folder, { durable }) {
  const config = durable ? StoreConfig.durable(logIn(folder)) : StoreConfig.fast(logIn(folder));
  const engine = await open(config);
  return {
    put: async (key, value) => (await engine.put(key, value)).value(),
    puts: async (keys, values) =>
      settle(await Promise.all(keys.map((key, at) => engine.put(key, values[at])))),
    removes: async (keys) => settle(await Promise.all(keys.map((key) => engine.remove(key)))),
    batch: async (keys, values) =>
      (
        await engine.batch(keys.map((key, at) => ({ type: 'put', key, value: values[at] })))
      ).value(),
    get: (key) => engine.getString(key),
    close: async () => (await engine.close()).value(),
  };
}
