// better-sqlite3: write-ahead log, prepared statements, memory-mapped reads, a cache for the whole database.

import path from 'node:path';
import { sqlitePackage } from './sqlite-package.mjs';

const { default: Database } = await import(sqlitePackage);

const schema = 'CREATE TABLE IF NOT EXISTS kv (key TEXT PRIMARY KEY, value TEXT NOT NULL)';
const upsert =
  'INSERT INTO kv VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value';

/** Rows in the key's own tree are best while they are small; large ones would make that tree deep. */
function openIn(folder, { synchronous = 'FULL', largeValues = false, limit = 2 ** 30 } = {}) {
  const db = new Database(path.join(folder, 'sqlite.db'));
  db.pragma('journal_mode = WAL');
  db.pragma(`synchronous = ${synchronous}`);
  db.pragma(`cache_size = -${Math.ceil(limit / 1024)}`);
  db.pragma('mmap_size = 4294967296');
  db.exec(largeValues ? schema : `${schema} WITHOUT ROWID`);
  return db;
}

export function load(folder, dataset, order) {
  const db = openIn(folder, { synchronous: 'OFF', largeValues: dataset.value(0).length > 200 });
  const put = db.prepare(upsert);
  const write = db.transaction((part) => {
    for (const place of part) put.run(dataset.key(place), dataset.value(place));
  });
  for (let start = 0; start < order.length; start += 10_000) {
    write(order.subarray(start, start + 10_000));
  }
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
}

/** Statements for all, for those with a prefix and for those from a key up to another. */
function ranges(db, columns) {
  const all = db.prepare(`SELECT ${columns} FROM kv ORDER BY key`);
  const some = db.prepare(`SELECT ${columns} FROM kv WHERE key >= ? AND key < ? ORDER BY key`);
  const shape = (statement) => (columns === 'key' ? statement.pluck() : statement.raw());
  const [everything, between] = [shape(all), shape(some)];
  return ({ prefix, gte, lt }) => {
    if (prefix !== undefined) return between.all(prefix, `${prefix}\u{10ffff}`);
    return gte === undefined ? everything.iterate() : between.all(gte, lt);
  };
}

export function openReader(folder, { limit } = {}) {
  const db = openIn(folder, { limit });
  const text = db.prepare('SELECT value FROM kv WHERE key = ?').pluck();
  const bytes = db.prepare('SELECT CAST(value AS BLOB) FROM kv WHERE key = ?').pluck();
  const has = db.prepare('SELECT 1 FROM kv WHERE key = ?').pluck();
  const entries = ranges(db, 'key, value');
  const keyOnly = ranges(db, 'key');
  // Inside one read transaction a statement need not look whether the file has changed.
  db.exec('BEGIN');
  return {
    get: (key) => text.get(key),
    bytes: (key) => bytes.get(key),
    has: (key) => has.get(key) !== undefined,
    many: (keys) => keys.map((key) => text.get(key)),
    scan(range, visit) {
      for (const [key, value] of entries(range)) visit(key, value);
    },
    keys(range, visit) {
      for (const key of keyOnly(range)) visit(key);
    },
    close() {
      db.exec('COMMIT');
      db.close();
    },
  };
}

export function openWriter(folder, { durable, valueBytes, limit }) {
  const synchronous = durable ? 'FULL' : 'NORMAL';
  const db = openIn(folder, { synchronous, largeValues: valueBytes > 200, limit });
  const put = db.prepare(upsert);
  const text = db.prepare('SELECT value FROM kv WHERE key = ?').pluck();
  const remove = db.prepare('DELETE FROM kv WHERE key = ?');
  const oldest = db.prepare('SELECT key FROM kv ORDER BY key LIMIT ?').pluck();
  return {
    put: (key, value) => put.run(key, value),
    removes: db.transaction((keys) => {
      for (const key of keys) remove.run(key);
    }),
    oldest: (count) => oldest.all(count),
    batch: db.transaction((keys, values) => {
      for (let at = 0; at < keys.length; at += 1) put.run(keys[at], values[at]);
    }),
    get: (key) => text.get(key),
    close: () => db.close(),
  };
}
