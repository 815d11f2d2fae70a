// Reads give the same values whatever form they take on the way: packed, one by one, or on their own.

import assert from 'node:assert/strict';
import { constants } from 'node:buffer';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { Key } from '@softadastra/store';
import { memoryStore, must, throws } from './helpers.mjs';

const LONG = 'x'.repeat(5000);

/** One value of every kind, under keys of every kind. */
const ENTRIES = [
  ['ascii', 'plain'],
  ['empty', ''],
  ['latin', 'Évry'],
  ['wide', '日本語 and 😀'],
  ['clé/é', 'value of a key that is not ASCII'],
  ['nul\0key', 'value of a key with a NUL'],
  ['longest-packed', 'y'.repeat(1024)],
  ['long', LONG],
  ['long-wide', '日'.repeat(2000)],
];

async function filled(t, entries = ENTRIES) {
  const store = memoryStore(t);
  for (const [key, value] of entries) must(await store.put(key, value));
  return store;
}

test('getMany gives what getString gives, for every kind of key and value', async (t) => {
  const store = await filled(t);
  const keys = [...ENTRIES.map(([key]) => key), 'missing', 'ascii'];
  const one = keys.map((key) => store.getString(key));
  assert.deepEqual(store.getMany(keys), one);
  for (const key of keys) assert.deepEqual(store.getMany([key]), [store.getString(key)]);
  const short = keys.filter((key) => (store.getString(key)?.length ?? 0) <= 100);
  assert.deepEqual(
    store.getMany(short.filter((key) => !key.includes('\0'))),
    short.filter((key) => !key.includes('\0')).map((key) => store.getString(key)),
  );
});

test('getMany takes any number of keys, also the same one twice and Key objects', async (t) => {
  const store = memoryStore(t);
  const keys = Array.from({ length: 2500 }, (_, i) => `key/${i}`);
  await Promise.all(keys.map((key, i) => store.put(key, `value ${i}`)));
  assert.deepEqual(
    store.getMany(keys),
    keys.map((_, i) => `value ${i}`),
  );
  assert.deepEqual(store.getMany([]), []);
  assert.deepEqual(store.getMany([new Key('key/1'), 'key/1', 'no']), [
    'value 1',
    'value 1',
    undefined,
  ]);
});

test('getMany takes as many keys of the longest kind as one likes', async (t) => {
  // Together they are longer than a string can be.
  const longest = 'k'.repeat(1 << 20);
  const store = await filled(t, [
    [longest, 'found'],
    ['short', 'too'],
  ]);
  const keys = Array.from({ length: 800 }, (_, at) => (at % 4 === 0 ? 'short' : longest));
  const values = store.getMany(keys);
  assert.equal(values.length, 800);
  assert.ok(values.every((value, at) => value === (at % 4 === 0 ? 'too' : 'found')));
});

test('getMany refuses an array with a hole', async (t) => {
  const store = await filled(t);
  const holes = ['ascii'];
  holes[2] = 'empty';
  throws(() => store.getMany(holes), 'invalid_argument', /undefined/);
});

test('getMany refuses a bad key among good ones', async (t) => {
  const store = await filled(t);
  for (const [bad, message] of [
    ['', /key is empty/],
    ['\ud800', /well-formed/],
    [7, /number/],
    [null, /null/],
    [undefined, /undefined/],
    ['k'.repeat(2 ** 20 + 1), /1048577 bytes/],
  ]) {
    throws(() => store.getMany(['ascii', bad, 'empty']), 'invalid_argument', message);
  }
});

test('getBytes gives memory of its own for every value', async (t) => {
  const bytes = Buffer.from([0, 1, 254, 255]);
  const store = await filled(t, [...ENTRIES, ['bytes', bytes]]);
  for (const [key, value] of ENTRIES) {
    assert.deepEqual(store.getBytes(key), Buffer.from(value), key);
  }
  assert.equal(store.getBytes('missing'), undefined);
  const first = store.getBytes('bytes');
  const second = store.getBytes('bytes');
  first.fill(7);
  assert.deepEqual(second, bytes);
  assert.deepEqual(store.getBytes('bytes'), bytes);
});

test('bytes that were read stay as they are through any number of later reads', async (t) => {
  const store = memoryStore(t);
  const sizes = [0, 1, 100, 4095, 4096, 4097, 70_000];
  for (const size of sizes) must(await store.put(`size/${size}`, Buffer.alloc(size, size)));
  const kept = [];
  for (let round = 0; round < 200; round += 1) {
    for (const size of sizes) kept.push([size, store.getBytes(`size/${size}`)]);
  }
  for (const [size, bytes] of kept) assert.deepEqual(bytes, Buffer.alloc(size, size));
});

test('a scan gives every kind of value as get does', async (t) => {
  const binary = Buffer.from([0xff, 0x00, 0xfe]);
  const store = await filled(t, [...ENTRIES, ['binary', binary]]);
  const scanned = [...store.entries()];
  assert.equal(scanned.length, ENTRIES.length + 1);
  for (const [key, entry] of scanned) {
    const got = must(store.get(key));
    assert.equal(entry.key, key);
    assert.deepEqual(entry.value.toBytes(), got.value.toBytes(), key);
    assert.deepEqual([entry.version, entry.timestamp], [got.version, got.timestamp], key);
  }
  assert.deepEqual(
    [...store.values()].map((value) => value.toString()),
    scanned.map(([, entry]) => entry.value.toString()),
  );
  // Without the values that cannot be packed, the page takes the other form.
  for (const key of ['binary', 'long', 'long-wide']) must(await store.remove(key));
  for (const [key, entry] of store.entries()) {
    assert.equal(entry.value.toString(), store.getString(key), key);
  }
});

test('scans that take turns do not disturb each other', async (t) => {
  const store = memoryStore(t);
  const keys = Array.from({ length: 3000 }, (_, i) => `key/${String(i).padStart(5, '0')}`);
  await Promise.all(keys.map((key) => store.put(key, `of ${key}`)));
  const up = store.entries();
  const down = store.keys({ reverse: true });
  const values = store.values();
  for (let i = 0; i < keys.length; i += 1) {
    const [key, entry] = up.next().value;
    assert.equal(key, keys[i]);
    assert.equal(entry.value.toString(), `of ${key}`);
    assert.equal(down.next().value, keys[keys.length - 1 - i]);
    assert.equal(values.next().value.toString(), `of ${keys[i]}`);
  }
  assert.ok(up.next().done && down.next().done && values.next().done);
});

/** An array whose methods give nothing, and of which nothing can be cut. */
class OddArray extends Array {
  constructor(...items) {
    super();
    if (typeof items[0] === 'number') throw new Error('cut');
    for (const item of items) this.push(item);
  }

  join() {
    return '';
  }
}

test('getMany takes arrays of every kind', async (t) => {
  const store = await filled(t, [
    ['found', 'value'],
    ['nul\0', 'too'],
  ]);
  const keys = Array.from({ length: 2500 }, (_, at) => ['found', 'missing', 'nul\0'][at % 3]);
  const values = Array.from({ length: 2500 }, (_, at) => ['value', undefined, 'too'][at % 3]);
  const ofAnotherRealm = runInNewContext('Array.from(keys)', { keys });
  const withoutPrototype = Object.setPrototypeOf([...keys], null);
  for (const given of [new OddArray(...keys), ofAnotherRealm, withoutPrototype]) {
    assert.deepEqual(store.getMany(given), values);
  }
  for (const length of [1, 3, 2500]) {
    const some = keys.slice(0, length);
    assert.deepEqual(store.getMany(new Proxy(some, {})), values.slice(0, length));
  }
});

test('getMany refuses a key as long as a string can be, wherever it is', async (t) => {
  const store = await filled(t);
  const longest = 'k'.repeat(constants.MAX_STRING_LENGTH);
  for (const keys of [['ascii', longest], [longest, 'ascii'], [longest], ['ascii', longest, 'a']]) {
    throws(() => store.getMany(keys), 'invalid_argument', /key has \d+ bytes, at most 1048576/);
  }
});
