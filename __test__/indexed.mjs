// A log that has an index file, and what follows that.

import assert from 'node:assert/strict';
import { Operation, StoreConfig, StoreEngine } from '@softadastra/store';
import { must } from './helpers.mjs';

export const MANUAL = { compaction: false };
const ENTRIES = 9000;

const keyOf = (n) => `entry/${String((n * 7919) % ENTRIES).padStart(6, '0')}`;
const filler = 'the same words again and again, '.repeat(6);

/** Texts, bytes, empty and long values under plain and worldly keys, some of them removed again. */
async function fill(store) {
  for (let start = 0; start < ENTRIES; start += 1000) {
    const operations = Array.from({ length: 1000 }, (_, at) =>
      Operation.put(keyOf(start + at), `${start + at} ${filler}`),
    );
    must(await store.batch(operations));
  }
  const others = [
    ['long/1', 'long '.repeat(20_000)],
    ['long/2', Buffer.alloc(9000, 0xff)],
    ['empty', ''],
    ['żółw/🐢', 'a tortoise, žluťoučký'],
    [`deep/${'x'.repeat(5000)}/1`, 'one'],
    [`deep/${'x'.repeat(5000)}/2`, 'two'],
    ['removed/early', 'x'],
    ['removed/late', 'x'],
    ['back', 'before'],
  ];
  for (const [key, value] of others) must(await store.put(key, value));
  must(await store.remove('removed/early'));
}

/** What follows the index file: new entries, changed ones, removed ones, and some that came back. */
export async function change(store) {
  const operations = [];
  for (let n = 0; n < 900; n += 3) {
    operations.push(Operation.put(keyOf(n), `changed ${n}`), Operation.remove(keyOf(n + 1)));
    operations.push(Operation.put(`later/${n}`, `later ${n}`));
  }
  must(await store.batch(operations));
  must(await store.remove('removed/late'));
  must(await store.remove('back'));
  must(await store.put('back', 'again'));
  must(await store.put('long/1', 'short now'));
}

/** Closes a new log of some MiB, so that it has an index file. */
export async function makeLog(path) {
  const store = must(await StoreEngine.open(StoreConfig.fast(path, MANUAL)));
  await fill(store);
  must(await store.consumer('outbox', { since: store.lastSequence() - 10 }));
  must(await store.close());
}

const KEYS = [
  ...[0, 1, 2, 3, 4, 899, 900, 4711, ENTRIES - 1].map(keyOf),
  ...['entry/', 'entry/009000', 'later/0', 'later/1', 'later/897', 'missing'],
  ...['long/1', 'long/2', 'empty', 'żółw/🐢', 'removed/early', 'removed/late', 'back'],
  ...['1', '2', '3'].map((end) => `deep/${'x'.repeat(5000)}/${end}`),
];

const RANGES = [
  {},
  { reverse: true },
  { prefix: 'later/' },
  { prefix: 'entry/0004', limit: 7 },
  { prefix: 'long/', reverse: true },
  { prefix: 'nothing/' },
  { gte: 'entry/000100', lt: 'entry/000300' },
  { gt: 'entry/000100', lte: 'entry/000300', reverse: true, limit: 50 },
  { gte: 'removed/', limit: 3 },
];

/** Two stores that get the same writes get them at different times. */
const begun = Date.now();

function read(result) {
  if (result.isErr()) return [result.error().codeString(), result.error().message];
  const { key, value, version, timestamp } = result.value();
  return [
    key,
    Buffer.from(value.toBytes()).toString('latin1'),
    version,
    Math.min(timestamp, begun),
  ];
}

const scan = (store, range) =>
  Array.from(store.entries(range), ([key, { value, version }]) => [
    key,
    Buffer.from(value.toBytes()).toString('latin1'),
    version,
  ]);

/** What a store or a snapshot says. */
export function contents(store) {
  return {
    entries: KEYS.map((key) => read(store.get(key))),
    scans: RANGES.map((range) => scan(store, range)),
    keys: RANGES.map((range) => [...store.keys(range)]),
    values: RANGES.map((range) => Array.from(store.values(range), (value) => value.toString())),
    sequence: store.lastSequence(),
  };
}

/** What the other reads of a store say as well. */
function answers(store) {
  return {
    ...contents(store),
    texts: KEYS.map((key) => store.getString(key)),
    bytes: KEYS.map((key) => store.getBytes(key)?.toString('latin1')),
    many: store.getMany(KEYS),
    contained: KEYS.map((key) => store.contains(key)),
    recovered: store.lastRecoveredSequence(),
  };
}

const outcome = (result) => {
  if (result.isErr()) {
    const { message, context } = result.error();
    return [result.error().codeString(), message, context];
  }
  return JSON.parse(
    JSON.stringify(result.value(), (name, value) => (name === 'timestamp' ? 0 : value)),
  );
};

/** Writes of every kind, and what each gave. */
export async function writes(store) {
  const version = store.get(keyOf(50)).value().version;
  const calls = [
    () => store.put(keyOf(50), 'as expected', { ifVersion: version }),
    () => store.put(keyOf(50), 'too late', { ifVersion: version }),
    () => store.put(keyOf(4000), 'is there', { ifVersion: 0 }),
    () => store.put(keyOf(4000), 'never written', { ifVersion: 999_999 }),
    () => store.put('removed/early', 'comes back', { ifVersion: 0 }),
    () => store.put('removed/late', 'comes back', { ifVersion: 0 }),
    () => store.put('fresh', 'new'),
    () => store.put(keyOf(4001), 'over an old one'),
    () => store.remove(keyOf(4002)),
    () => store.remove(keyOf(4002)),
    () => store.remove(keyOf(1)),
    () => store.remove('missing'),
    () => store.remove(keyOf(4003), { ifVersion: 1 }),
    () => store.remove('long/2'),
    () => store.apply(Operation.put('applied', 'elsewhere', { timestamp: 12_345 })),
    () => store.apply(Operation.remove(keyOf(4004), { timestamp: 12_345 })),
    () =>
      store.batch([
        { type: 'put', key: keyOf(4005), value: 'in a batch' },
        { type: 'remove', key: keyOf(4006) },
        { type: 'remove', key: 'missing' },
        { type: 'put', key: keyOf(4006), value: 'back at once', ifVersion: 0 },
      ]),
    () =>
      store.batch([
        { type: 'put', key: 'unwritten', value: 'x' },
        { type: 'put', key: keyOf(4007), value: 'x', ifVersion: 0 },
      ]),
  ];
  const given = [];
  for (const call of calls) given.push(outcome(await call()));
  // In one turn, so in one group: each is judged by what those before it leave.
  const together = [
    store.put(keyOf(5000), 'a'),
    store.remove(keyOf(5000)),
    store.put(keyOf(5000), 'b', { ifVersion: 0 }),
    store.remove(keyOf(5001), { ifVersion: 0 }),
  ];
  for (const result of await Promise.all(together)) given.push(outcome(result));
  return given;
}

/** All of the history that is there, and where the consumers are. */
export async function history(store) {
  const found = [];
  for await (const { sequence, operation } of store.operations({ since: store.stats().floor })) {
    found.push([sequence, operation.type, operation.key, operation.value?.toString()]);
  }
  const unread = [];
  for await (const { sequence } of must(await store.consumer('outbox')).operations()) {
    unread.push(sequence);
  }
  return { found, unread, consumers: store.stats().consumers };
}

export function sameAnswers(store, other, when) {
  const [found, expected] = [answers(store), answers(other)];
  for (const [name, answer] of Object.entries(found)) {
    assert.deepEqual(answer, expected[name], `${name} ${when}`);
  }
}
