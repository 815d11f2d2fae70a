// Keys, values and operations hold what they were given, and refuse what no store could keep.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Key, Operation, Value } from '@softadastra/store';
import { throws } from './helpers.mjs';

const MIB = 1024 * 1024;

test('a key takes any string and says whether a store would', () => {
  assert.equal(new Key('user:1').toString(), 'user:1');
  assert.equal(`${new Key('files/docs/readme.txt')}`, 'files/docs/readme.txt');
  for (const [text, valid] of [
    ['user:1', true],
    ['é', true],
    ['\0', true],
    ['👍', true],
    ['', false],
    ['\ud83d', false],
    ['a\udc4d', false],
    ['x'.repeat(MIB), true],
    ['x'.repeat(MIB + 1), false],
    ['é'.repeat(MIB / 2), true],
    ['é'.repeat(MIB / 2 + 1), false],
  ]) {
    assert.equal(new Key(text).isValid(), valid, `${text.slice(0, 10)} (${text.length})`);
  }
});

test('a key is made from a string and from nothing else', () => {
  for (const wrong of [undefined, null, 1, {}, ['a'], Symbol('a'), new Key('a')]) {
    throws(() => new Key(wrong), 'invalid_argument', /^invalid key: /);
  }
});

test('a value made from text gives the text, and its UTF-8 as bytes', () => {
  const value = Value.fromString('Zürich 👍');
  assert.equal(value.toString(), 'Zürich 👍');
  assert.deepEqual([...value.toBytes()], [...Buffer.from('Zürich 👍')]);
});

test('a value made from bytes gives the bytes, and their text', () => {
  const value = Value.fromBytes(Uint8Array.of(0xff, 0x00, 0x41));
  assert.deepEqual([...value.toBytes()], [0xff, 0x00, 0x41]);
  assert.equal(value.toString(), '\ufffd\0A');
});

test('empty values are values', () => {
  assert.equal(Value.fromString('').toString(), '');
  assert.equal(Value.fromString('').toBytes().length, 0);
  assert.equal(Value.fromBytes(new Uint8Array()).toString(), '');
});

test('neither the bytes that went in nor the bytes that came out change a value', () => {
  const source = Uint8Array.of(1, 2, 3);
  const value = Value.fromBytes(source);
  source[0] = 9;
  value.toBytes()[1] = 9;
  assert.deepEqual([...value.toBytes()], [1, 2, 3]);
});

test('a value of a view holds the view, not the memory around it', () => {
  const view = Uint8Array.of(0, 1, 2, 3, 4).subarray(1, 3);
  assert.deepEqual([...Value.fromBytes(view).toBytes()], [1, 2]);
});

test('a value refuses lone surrogates, wrong types, detached memory and more than 64 MiB', () => {
  throws(() => Value.fromString('\ud800'), 'invalid_argument', /^invalid value: /);
  throws(() => Value.fromString(1), 'invalid_argument', /^invalid value: /);
  throws(() => Value.fromBytes('text'), 'invalid_argument', /^invalid value: /);
  throws(() => Value.fromBytes([1, 2]), 'invalid_argument', /^invalid value: /);
  throws(() => Value.fromBytes(detached()), 'invalid_argument', /^invalid value: /);
  throws(() => Value.fromBytes(new Uint8Array(64 * MIB + 1)), 'invalid_argument', /67108864/);
  throws(() => Value.fromString('x'.repeat(64 * MIB + 1)), 'invalid_argument', /67108864/);
  throws(() => new Value(Symbol('internal'), 'text'), 'invalid_argument', /Value\.fromString/);
});

test('an operation has a type, a key, a value and the time at which it was made', () => {
  const before = Date.now();
  const put = Operation.put('user:1', 'Ada');
  const after = Date.now();
  assert.equal(put.type, 'put');
  assert.equal(put.key, 'user:1');
  assert.equal(put.value.toString(), 'Ada');
  assert.ok(put.timestamp >= before && put.timestamp <= after);

  const remove = Operation.remove(new Key('user:1'), { timestamp: -5 });
  assert.equal(remove.type, 'delete');
  assert.equal(remove.key, 'user:1');
  assert.equal(remove.value, undefined);
  assert.equal(remove.timestamp, -5);
});

test('an operation takes text, bytes and values', () => {
  const value = Value.fromString('x');
  assert.equal(Operation.put('k', value).value, value);
  assert.deepEqual([...Operation.put('k', Uint8Array.of(7)).value.toBytes()], [7]);
});

test('an operation refuses what no store could keep', () => {
  throws(() => Operation.put('', 'x'), 'invalid_argument', 'invalid key: key is empty');
  throws(() => Operation.remove('\ud800'), 'invalid_argument', /^invalid key: /);
  throws(() => Operation.put('k', 7), 'invalid_argument', /^invalid value: /);
  throws(() => Operation.put('k', undefined), 'invalid_argument', /^invalid value: /);
  throws(() => Operation.put('k', 'x', { timestamp: 1.5 }), 'invalid_argument', /timestamp/);
  throws(() => Operation.put('k', 'x', { timestamp: 2 ** 53 }), 'invalid_argument', /timestamp/);
  throws(() => Operation.put('k', 'x', { timestmap: 1 }), 'invalid_argument', /"timestamp"/);
  throws(() => new Operation('put', 'k', 'x', 1), 'invalid_argument', /Operation\.put/);
});

function detached() {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}
