// classic-level, with a block cache that holds the whole database uncompressed.

import path from 'node:path';
import { ClassicLevel } from 'classic-level';

const tuning = { compression: false, writeBufferSize: 64 * 2 ** 20 };

async function openIn(folder, cacheSize = 2 ** 30) {
  const db = new ClassicLevel(path.join(folder, 'level'), { ...tuning, cacheSize });
  await db.open();
  return db;
}

export async function load(folder, dataset, order) {
  const db = await openIn(folder);
  for (let start = 0; start < order.length; start += 10_000) {
    const part = Array.from(order.subarray(start, start + 10_000), (place) => {
      return { type: 'put', key: dataset.key(place), value: dataset.value(place) };
    });
    await db.batch(part);
  }
  // What was written last would stay in files that overlap the others.
  await db.compactRange('\u0000', '\u{10ffff}');
  await db.close();
}

function bounds({ prefix, gte, lt }) {
  if (prefix !== undefined) return { gte: prefix, lt: `${prefix}\u{10ffff}` };
  return gte === undefined ? {} : { gte, lt };
}

const pages = { highWaterMarkBytes: 2 ** 20 };

/** Hands over a page at a time: one trip to another thread for up to 1,000 entries. */
async function drain(iterator, visit) {
  for (let page = await iterator.nextv(1000); page.length > 0; page = await iterator.nextv(1000)) {
    for (const item of page) visit(item);
  }
  await iterator.close();
}

export async function openReader(folder, { limit } = {}) {
  const db = await openIn(folder, limit);
  const asBytes = { valueEncoding: 'buffer' };
  return {
    get: (key) => db.getSync(key),
    bytes: (key) => db.getSync(key, asBytes),
    // Its `has` is asynchronous only, and a whole trip to another thread.
    has: (key) => db.getSync(key) !== undefined,
    many: (keys) => db.getMany(keys),
    scan: (range, visit) =>
      drain(db.iterator({ ...bounds(range), ...pages }), ([key, value]) => visit(key, value)),
    keys: (range, visit) => drain(db.keys({ ...bounds(range), ...pages }), visit),
    close: () => db.close(),
  };
}

export async function openWriter(folder, { durable, limit }) {
  const db = await openIn(folder, limit);
  const options = { sync: durable };
  return {
    put: (key, value) => db.put(key, value, options),
    puts: (keys, values) => Promise.all(keys.map((key, at) => db.put(key, values[at], options))),
    removes: (keys) => Promise.all(keys.map((key) => db.del(key, options))),
    batch: (keys, values) =>
      db.batch(
        keys.map((key, at) => ({ type: 'put', key, value: values[at] })),
        options,
      ),
    oldest: (count) => db.keys({ limit: count }).all(),
    get: (key) => db.getSync(key),
    close: () => db.close(),
  };
}
