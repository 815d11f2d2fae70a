// Bad input gets its own typed error from every call that can meet it, and changes nothing that is stored.

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Key, StoreConfig, StoreEngine } from '@softadastra/store';
import { folder } from './folders.mjs';
import { dump, filesOf, must, refused, throws } from './helpers.mjs';

const MIB = 1024 * 1024;

function detached() {
  const buffer = Buffer.from(new ArrayBuffer(16));
  structuredClone(buffer.buffer, { transfer: [buffer.buffer] });
  return buffer;
}

const BAD_KEYS = [
  ['an empty key', '', 'invalid key: key is empty'],
  ['an empty Key', new Key(''), 'invalid key: key is empty'],
  ['a key over 1 MiB', 'x'.repeat(MIB + 1), /^invalid key: .*1048577.*1048576/],
  ['a key over 1 MiB of UTF-8', 'é'.repeat(MIB / 2 + 1), /^invalid key: .*1048578.*1048576/],
  ['a key with a lone lead surrogate', 'a\ud83d', /^invalid key: .*Unicode/],
  ['a key with a lone trail surrogate', '\udc4da', /^invalid key: .*Unicode/],
];

const WRONG_KEYS = [
  ['a number as key', 7, /^invalid key: .*string/],
  ['null as key', null, /^invalid key: .*string/],
  ['undefined as key', undefined, /^invalid key: .*string/],
  ['an object as key', { toString: () => 'user:1' }, /^invalid key: .*string/],
  ['a String object as key', Object('user:1'), /^invalid key: .*string/],
  ['a symbol as key', Symbol('user:1'), /^invalid key: .*string/],
  ['a bigint as key', 7n, /^invalid key: .*string/],
  ['bytes as key', Buffer.from('user:1'), /^invalid key: .*string/],
];

const BAD_VALUES = [
  ['a number as value', 7, /^invalid value: /],
  ['null as value', null, /^invalid value: /],
  ['undefined as value', undefined, /^invalid value: /],
  ['an object as value', { toString: () => 'text' }, /^invalid value: /],
  ['an array as value', [1, 2], /^invalid value: /],
  ['a symbol as value', Symbol('text'), /^invalid value: /],
  ['a boolean as value', true, /^invalid value: /],
  ['an ArrayBuffer as value', new ArrayBuffer(8), /^invalid value: /],
  ['a view of other numbers as value', new Uint16Array(8), /^invalid value: /],
  ['a detached buffer as value', detached(), /^invalid value: .*detached/],
  ['a lone surrogate in a value', 'a\ud83d', /^invalid value: .*Unicode/],
  ['text over 64 MiB', 'x'.repeat(64 * MIB + 1), /^invalid value: .*67108865.*67108864/],
  ['bytes over 64 MiB', new Uint8Array(64 * MIB + 1), /^invalid value: .*67108865.*67108864/],
];

describe('a durable store with data in it', () => {
  let dir;
  let store;
  let stored;
  let files;

  before(async () => {
    dir = folder();
    store = must(await StoreEngine.open(StoreConfig.durable(path.join(dir, 'store.wal'))));
    await store.put('user:1', 'Ada');
    await store.put('user:2', Buffer.from([0xff]));
    stored = dump(store);
    files = filesOf(dir);
  });

  after(async () => {
    assert.equal(must(await store.put('user:3', 'still works')).version, 3);
    must(await store.close());
    const again = must(await StoreEngine.open(StoreConfig.durable(path.join(dir, 'store.wal'))));
    assert.deepEqual(dump(again), [...stored, ['user:3', 'still works', 3]]);
    await again.close();
  });

  function unchanged() {
    assert.deepEqual(dump(store), stored);
    assert.equal(store.lastSequence(), 2);
    assert.deepEqual(filesOf(dir), files);
  }

  for (const [what, key, message] of [...BAD_KEYS, ...WRONG_KEYS]) {
    test(`${what} is refused by every call that takes a key`, async () => {
      const check = (result) => refused(result, 'invalid_argument', message);
      const checkThrow = (call) => throws(call, 'invalid_argument', message);
      check(await store.put(key, 'x'));
      check(await store.remove(key));
      check(await store.batch([{ type: 'put', key, value: 'x' }]));
      check(await store.batch([{ type: 'remove', key }]));
      check(store.putSync(key, 'x'));
      check(store.removeSync(key));
      check(store.batchSync([{ type: 'put', key, value: 'x' }]));
      check(store.batchSync([{ type: 'remove', key }]));
      check(store.get(key));
      checkThrow(() => store.getString(key));
      checkThrow(() => store.getBytes(key));
      checkThrow(() => store.getMany(['user:1', key]));
      unchanged();
    });
  }

  test('contains of an empty key is false', () => {
    assert.equal(store.contains(''), false);
    assert.equal(store.contains(new Key('')), false);
  });

  for (const [what, key, message] of [...BAD_KEYS.slice(2), ...WRONG_KEYS]) {
    test(`contains of ${what} throws`, () => {
      throws(() => store.contains(key), 'invalid_argument', message);
    });
  }

  for (const [what, value, message] of BAD_VALUES) {
    test(`${what} is refused by every call that takes a value`, async () => {
      const check = (result) => refused(result, 'invalid_argument', message);
      check(await store.put('user:1', value));
      check(await store.batch([{ type: 'put', key: 'user:1', value }]));
      check(store.putSync('user:1', value));
      check(store.batchSync([{ type: 'put', key: 'user:1', value }]));
      unchanged();
    });
  }

  test('keys that are not an array are refused', () => {
    for (const wrong of [undefined, 'user:1', { length: 1 }]) {
      throws(() => store.getMany(wrong), 'invalid_argument', /array/);
    }
    unchanged();
  });

  test('the largest key and an almost largest value are taken', async () => {
    const memory = new StoreEngine(StoreConfig.memoryOnly());
    const key = 'k'.repeat(MIB);
    must(await memory.put(key, 'x'));
    assert.equal(memory.getString(key), 'x');
    must(await memory.put('large', Buffer.alloc(64 * MIB, 7)));
    assert.equal(memory.getBytes('large').length, 64 * MIB);
    await memory.close();
  });
});
