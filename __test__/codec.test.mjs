// The operation payload is the published format, byte for byte, and nothing else is accepted.
// The golden bytes are written by hand from the format's table; no encoder made them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Operation, OperationDecoder, OperationEncoder } from '@softadastra/store';
import { must, refused } from './helpers.mjs';

const bytes = (hex) => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');

// version, type, key size, key, value size, value, timestamp; all integers little-endian
const GOLDEN = [
  {
    what: 'a put of text',
    operation: Operation.put('user:1', 'Gaspard', { timestamp: 1_700_000_000_000 }),
    payload: bytes(`01 01 06000000 757365723a31 07000000 47617370617264 0068e5cf8b010000`),
  },
  {
    what: 'a delete',
    operation: Operation.remove('user:1', { timestamp: 1_700_000_000_001 }),
    payload: bytes(`01 02 06000000 757365723a31 00000000 0168e5cf8b010000`),
  },
  {
    what: 'a put of an empty value at time zero',
    operation: Operation.put('a', '', { timestamp: 0 }),
    payload: bytes(`01 01 01000000 61 00000000 0000000000000000`),
  },
  {
    what: 'a put of bytes that are not UTF-8, before the epoch',
    operation: Operation.put('é', Buffer.from([0xff, 0x00]), { timestamp: -1 }),
    payload: bytes(`01 01 02000000 c3a9 02000000 ff00 ffffffffffffffff`),
  },
  {
    what: 'a put under a key of four-byte letters',
    operation: Operation.put('👍', 'x', { timestamp: 256 }),
    payload: bytes(`01 01 04000000 f09f918d 01000000 78 0001000000000000`),
  },
];

for (const { what, operation, payload } of GOLDEN) {
  test(`${what} encodes to the published bytes`, () => {
    const encoded = must(OperationEncoder.encode(operation));
    assert.ok(encoded instanceof Uint8Array);
    assert.equal(Buffer.from(encoded).toString('hex'), payload.toString('hex'));
  });

  test(`${what} decodes from the published bytes`, () => {
    const decoded = must(OperationDecoder.decode(payload));
    assert.ok(decoded instanceof Operation);
    assert.equal(decoded.type, operation.type);
    assert.equal(decoded.key, operation.key);
    assert.equal(decoded.timestamp, operation.timestamp);
    assert.equal(decoded.value === undefined, operation.value === undefined);
    assert.ok(
      decoded.value === undefined || decoded.value.toBytes().equals(operation.value.toBytes()),
    );
    assert.ok(Buffer.from(must(OperationEncoder.encode(decoded))).equals(payload));
  });

  test(`${what} cut off at any length is refused`, () => {
    for (let length = 0; length < payload.length; length += 1) {
      const result = OperationDecoder.decode(payload.subarray(0, length));
      refused(result, 'invalid_argument', /^invalid payload: /);
    }
  });

  test(`${what} with bytes after it is refused`, () => {
    for (const extra of [Buffer.from([0]), payload]) {
      const result = OperationDecoder.decode(Buffer.concat([payload, extra]));
      refused(result, 'invalid_argument', /^invalid payload: /);
    }
  });

  test(`no changed byte of ${what} is read as something that encodes differently`, () => {
    for (let index = 0; index < payload.length; index += 1) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const changed = Buffer.from(payload);
        changed[index] ^= flip;
        const result = OperationDecoder.decode(changed);
        if (result.isOk()) {
          const again = must(OperationEncoder.encode(result.value()));
          assert.ok(Buffer.from(again).equals(changed), `byte ${index}, flip ${flip}`);
        } else {
          refused(result, 'invalid_argument', /^invalid payload: /);
        }
      }
    }
  });
}

for (const [what, payload, message] of [
  ['an empty payload', '', /empty/],
  ['format version 0', '00 01 01000000 61 00000000 0000000000000000', /version 0/],
  ['format version 2', '02 01 01000000 61 00000000 0000000000000000', /version 2/],
  ['type 0', '01 00 01000000 61 00000000 0000000000000000', /type 0/],
  ['type 3', '01 03 01000000 61 00000000 0000000000000000', /type 3/],
  ['an empty key', '01 01 00000000 00000000 0000000000000000', /key is empty/],
  ['a key that is not UTF-8', '01 01 01000000 ff 00000000 0000000000000000', /key/],
  ['a key with a surrogate', '01 01 03000000 eda080 00000000 0000000000000000', /key/],
  ['a delete with a value', '01 02 01000000 61 01000000 78 0000000000000000', /value/],
  ['a key size past the limit', '01 01 01001000 61 00000000 0000000000000000', /1048577/],
  ['a huge key size', '01 01 ffffffff 61 00000000 0000000000000000', /4294967295/],
  ['a value size past the limit', '01 01 01000000 61 01000004 78 0000000000000000', /67108865/],
  ['a huge value size', '01 01 01000000 61 ffffffff 78 0000000000000000', /4294967295/],
  ['a timestamp past 2^53', '01 01 01000000 61 00000000 0000000000002000', /timestamp/],
  ['the largest timestamp', '01 01 01000000 61 00000000 ffffffffffffff7f', /timestamp/],
]) {
  test(`${what} is refused`, () => {
    const error = refused(OperationDecoder.decode(bytes(payload)), 'invalid_argument', message);
    assert.match(error.message, /^invalid payload: /);
  });
}

test('the largest key, and the ends of what a timestamp can be, go there and back', () => {
  const key = 'é'.repeat(512 * 1024);
  for (const timestamp of [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
    const payload = must(OperationEncoder.encode(Operation.put(key, 'x', { timestamp })));
    const decoded = must(OperationDecoder.decode(payload));
    assert.equal(decoded.key, key);
    assert.equal(decoded.timestamp, timestamp);
  }
});

test('a decoded operation does not share memory with the payload', () => {
  const payload = Buffer.from(GOLDEN[3].payload);
  const decoded = must(OperationDecoder.decode(payload));
  payload.fill(0);
  assert.deepEqual([...decoded.value.toBytes()], [0xff, 0x00]);
});

test('only operations are encoded, only bytes are decoded', () => {
  const plain = { type: 'put', key: 'a', value: 'x', timestamp: 1 };
  for (const wrong of [undefined, null, 'put', plain]) {
    refused(OperationEncoder.encode(wrong), 'invalid_argument', /Operation/);
  }
  for (const wrong of [undefined, null, 'text', [1], {}, new ArrayBuffer(8)]) {
    refused(OperationDecoder.decode(wrong), 'invalid_argument', /^invalid payload: /);
  }
  const operation = Operation.put('a', 'x');
  operation.key = '';
  refused(OperationEncoder.encode(operation), 'invalid_argument', /key is empty/);
});
