// node:sqlite, which newer versions of Node.js have, set as better-sqlite3 is.

import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

function openIn(folder, { synchronous = 'FULL', largeValues = false, limit = 2 ** 30 } = {}) {
  const db = new DatabaseSync(path.join(folder, 'node-sqlite.db'));
  db.exec('PRAGMA journal_mode = WAL');
  db.exec(`PRAGMA synchronous = ${synchronous}`);
  db.exec(`PRAGMA cache_size = -${Math.ceil(limit / 1024)}`);
  db.exec('PRAGMA mmap_size = 4294967296');
  const table = 'CREATE TABLE IF NOT EXISTS kv (key TEXT PRIMARY KEY, value TEXT NOT NULL)';
  db.exec(largeValues ? table : `${table} WITHOUT ROWID`);
  const put = db.prepare(
    'INSERT INTO kv VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  );
  const inTransaction = (action) => {
    db.exec('BEGIN');
    action();
    db.exec('COMMIT');
  };
  const batch = (keys, values) =>
    inTransaction(() => {
      for (let at = 0; at < keys.length; at += 1) put.run(keys[at], values[at]);
    });
  return { db, put, batch, inTransaction };
}

export function load(folder, dataset, order) {
  const { db, batch } = openIn(folder, { synchronous: 'OFF' });
  for (let start = 0; start < order.length; start += 10_000) {
    const part = Array.from(order.subarray(start, start + 10_000));
    batch(
      part.map((place) => dataset.key(place)),
      part.map((place) => dataset.value(place)),
    );
  }
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
}

export function openReader(folder, { limit } = {}) {
  const { db } = openIn(folder, { limit });
  const text = db.prepare('SELECT value FROM kv WHERE key = ?');
  const between = db.prepare('SELECT key, value FROM kv WHERE key >= ? AND key < ? ORDER BY key');
  db.exec('BEGIN');
  return {
    get: (key) => text.get(key)?.value,
    scan({ prefix }, visit) {
      for (const { key, value } of between.all(prefix, `${prefix}\u{10ffff}`)) visit(key, value);
    },
    close() {
      db.exec('COMMIT');
      db.close();
    },
  };
}

export function openWriter(folder, { durable, valueBytes, limit }) {
  const synchronous = durable ? 'FULL' : 'NORMAL';
  const opened = openIn(folder, { synchronous, largeValues: valueBytes > 200, limit });
  const { db, put, batch, inTransaction } = opened;
  const text = db.prepare('SELECT value FROM kv WHERE key = ?');
  const remove = db.prepare('DELETE FROM kv WHERE key = ?');
  const oldest = db.prepare('SELECT key FROM kv ORDER BY key LIMIT ?');
  return {
    put: (key, value) => put.run(key, value),
    batch,
    removes: (keys) =>
      inTransaction(() => {
        for (const key of keys) remove.run(key);
      }),
    oldest: (count) => oldest.all(count).map(({ key }) => key),
    get: (key) => text.get(key)?.value,
    close: () => db.close(),
  };
}
