// lmdb-js. Values are strings as they are: its default MessagePack encoding and its object cache would only
// be in the way of them.

import path from 'node:path';
import { open } from 'lmdb';

function openIn(folder, more) {
  const options = {
    encoding: 'string',
    cache: false,
    compression: false,
    noMemInit: true,
    ...more,
  };
  return open({ path: path.join(folder, 'lmdb'), ...options });
}

export async function load(folder, dataset, order) {
  const db = openIn(folder);
  for (let start = 0; start < order.length; start += 10_000) {
    for (const place of order.subarray(start, start + 10_000)) {
      void db.put(dataset.key(place), dataset.value(place));
    }
    await db.committed;
  }
  await db.flushed;
  await db.close();
}

/** The first key after all that begin with this one's characters. */
function bounds({ prefix, gte, lt }) {
  if (prefix === undefined) return { start: gte, end: lt };
  return { start: prefix, end: `${prefix}\u{10ffff}` };
}

export function openReader(folder) {
  const db = openIn(folder);
  return {
    get: (key) => db.get(key),
    bytes: (key) => db.getBinary(key),
    has: (key) => db.doesExist(key),
    // Its own getMany goes through another thread and takes longer for data that is in memory.
    many: (keys) => keys.map((key) => db.get(key)),
    scan(range, visit) {
      for (const { key, value } of db.getRange(bounds(range))) visit(key, value);
    },
    keys(range, visit) {
      for (const key of db.getKeys(bounds(range))) visit(key);
    },
    size: () => db.getStats().entryCount,
    close: () => db.close(),
  };
}

/** Many writers' puts in one turn: one transaction for all, which others may follow while it is being flushed. */
export function openWriter(folder, { durable, oneAtATime, sync }) {
  // For a writer that always waits, a transaction that is flushed before it ends is faster.
  const inside = durable && (oneAtATime || sync);
  const db = openIn(folder, { noSync: !durable, ...(inside && { overlappingSync: false }) });
  // `put` resolves when the write can be seen, `flushed` when it is on stable storage. A promise that is left
  // alone here ends the process if it is rejected.
  const settled = () => (durable ? db.flushed : db.committed);
  const putAll = (keys, values) => {
    for (let at = 0; at < keys.length; at += 1) void db.put(keys[at], values[at]);
  };
  return {
    put: (key, value) => db.putSync(key, value),
    puts: async (keys, values) => {
      putAll(keys, values);
      await settled();
    },
    removes: async (keys) => {
      for (const key of keys) void db.remove(key);
      await settled();
    },
    batch: async (keys, values) => {
      void db.batch(() => putAll(keys, values));
      await settled();
    },
    ...(sync && {
      // Inside the transaction a put is done at once.
      batch: (keys, values) =>
        db.transactionSync(() => {
          for (let at = 0; at < keys.length; at += 1) db.putSync(keys[at], values[at]);
        }),
    }),
    oldest: (limit) => Array.from(db.getKeys({ limit })),
    get: (key) => db.get(key),
    close: () => db.close(),
  };
}
