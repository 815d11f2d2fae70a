// Bytes whose memory was detached, or shrunk so that they lie outside of it, are refused wherever bytes are taken. Shared, growing and
// really empty arrays are not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Client,
  ClientOptions,
  Operation,
  OperationDecoder,
  OperationEncoder,
  Value,
} from '@softadastra/store';
import { SoftadastraLevel } from '@softadastra/store/abstract-level';
import { memoryStore, must, refused, throws, workspace } from './helpers.mjs';

const shrunk = (make) => () => {
  const memory = new ArrayBuffer(16, { maxByteLength: 64 });
  const view = make(memory);
  return { view, lose: () => memory.resize(4) };
};

const detached = (make) => () => {
  const memory = new ArrayBuffer(16, { maxByteLength: 64 });
  const view = make(memory);
  return { view, lose: () => structuredClone(memory, { transfer: [memory] }) };
};

const VIEWS = {
  'shrunk, of a fixed length': shrunk((memory) => new Uint8Array(memory, 0, 16)),
  'shrunk, at an offset': shrunk((memory) => new Uint8Array(memory, 8, 2)),
  'shrunk, as long as its buffer after an offset': shrunk((memory) => new Uint8Array(memory, 8)),
  'shrunk, a Buffer': shrunk((memory) => Buffer.from(memory, 0, 16)),
  'detached, of a fixed length': detached((memory) => new Uint8Array(memory, 0, 16)),
  'detached, as long as its buffer': detached((memory) => new Uint8Array(memory)),
  'detached, a Buffer': detached((memory) => Buffer.from(memory, 4, 2)),
};

function lostView(kind) {
  const { view, lose } = VIEWS[kind]();
  lose();
  return view;
}

for (const kind of Object.keys(VIEWS)) {
  test(`bytes that are ${kind}, are refused by every call`, async (t) => {
    const store = memoryStore(t);
    const view = lostView(kind);
    const lost = /detached/;
    refused(await store.put('k', view), 'invalid_argument', lost);
    refused(await store.put('k', view, { ifVersion: 0 }), 'invalid_argument', lost);
    const batch = [
      { type: 'put', key: 'a', value: 'fine' },
      { type: 'put', key: 'k', value: view },
    ];
    assert.equal(
      refused(await store.batch(batch), 'invalid_argument', lost).context,
      'operation 1',
    );
    throws(() => Value.fromBytes(view), 'invalid_argument', lost);
    throws(() => Operation.put('k', view), 'invalid_argument', lost);
    refused(OperationDecoder.decode(view), 'invalid_argument', lost);
    refused(await store.apply(view), 'invalid_argument', lost);
    const operation = Operation.put('k', 'text');
    operation.value = view;
    refused(OperationEncoder.encode(operation), 'invalid_argument', lost);
    refused(await store.apply(operation), 'invalid_argument', lost);
    refused(await store.batch([operation]), 'invalid_argument', lost);
    const client = new Client(ClientOptions.memoryOnly('node'));
    must(await client.open());
    refused(await client.put('k', view), 'invalid_argument', lost);
    must(await client.close());
    assert.equal(store.size(), 0);
    assert.equal(store.lastSequence(), 0);
  });

  test(`bytes that become ${kind}, while a call reads its arguments, are refused`, async (t) => {
    const store = memoryStore(t);
    const { view, lose } = VIEWS[kind]();
    const options = {
      get ifVersion() {
        lose();
        return undefined;
      },
    };
    refused(await store.put('k', view, options), 'invalid_argument', /detached/);
    const second = VIEWS[kind]();
    const batch = [
      { type: 'put', key: 'k', value: second.view },
      {
        type: 'put',
        key: 'l',
        get value() {
          second.lose();
          return 'text';
        },
      },
    ];
    refused(await store.batch(batch), 'invalid_argument', /detached/);
    assert.equal(store.size(), 0);
  });

  test(`keys and values of a level that are ${kind}, are refused`, async (t) => {
    const work = workspace(t);
    const level = new SoftadastraLevel(work.file());
    t.after(() => level.close());
    await level.open();
    const view = lostView(kind);
    const sublevel = level.sublevel('sub');
    for (const db of [level, sublevel, sublevel.sublevel('deeper')]) {
      for (const encoding of ['view', 'buffer', 'utf8']) {
        const options = { keyEncoding: encoding, valueEncoding: encoding };
        const noKey = { code: 'LEVEL_INVALID_KEY' };
        const noValue = { code: 'LEVEL_INVALID_VALUE' };
        await assert.rejects(db.put(view, 'v', options), noKey);
        await assert.rejects(db.put('k', view, options), noValue);
        await assert.rejects(db.batch([{ type: 'put', key: view, value: 'v' }], options), noKey);
        await assert.rejects(db.batch([{ type: 'put', key: 'k', value: view }], options), noValue);
        await assert.rejects(db.get(view, options), noKey);
        await assert.rejects(db.del(view, options), noKey);
        await assert.rejects(db.getMany([view], options), noKey);
        for (const bound of ['gt', 'gte', 'lt', 'lte']) {
          const range = { ...options, [bound]: view };
          for (const walk of ['iterator', 'keys', 'values']) {
            assert.throws(() => db[walk](range), noKey);
          }
          await assert.rejects(db.clear(range), noKey);
        }
      }
    }
    assert.equal(level.engine.size(), 0);
  });
}

test('arrays that are empty, and inside of their memory, are empty values', async (t) => {
  const store = memoryStore(t);
  const memory = new ArrayBuffer(16, { maxByteLength: 64 });
  const tracking = new Uint8Array(memory, 8);
  const empty = [
    new Uint8Array(0),
    Buffer.alloc(0),
    new Uint8Array(memory, 8, 0),
    new Uint8Array(memory, 16),
    new Uint8Array(new SharedArrayBuffer(0)),
    new Uint8Array(new SharedArrayBuffer(8, { maxByteLength: 16 }), 8),
    tracking,
  ];
  memory.resize(16);
  for (const [at, view] of empty.slice(0, -1).entries()) {
    must(await store.put(`k${at}`, view));
    assert.equal(store.getBytes(`k${at}`).length, 0);
    assert.equal(Value.fromBytes(view).toBytes().length, 0);
  }
  memory.resize(8);
  must(await store.put('tracking', tracking));
  assert.equal(store.getBytes('tracking').length, 0);
});

test('arrays on shared memory are taken as they are, at every alignment and length', async (t) => {
  const store = memoryStore(t);
  const memory = new SharedArrayBuffer(200, { maxByteLength: 400 });
  const all = new Uint8Array(memory);
  for (let at = 0; at < all.length; at += 1) all[at] = at;
  for (let start = 0; start < 17; start += 1) {
    for (const length of [0, 1, 7, 8, 9, 15, 16, 17, 64, 100]) {
      const expected = Array.from({ length }, (_, at) => start + at);
      const view = new Uint8Array(memory, start, length);
      must(await store.put('k', view));
      assert.deepEqual([...store.getBytes('k')], expected);
      assert.deepEqual([...Value.fromBytes(view).toBytes()], expected);
    }
  }
  memory.grow(300);
  must(await store.put('k', all));
  assert.equal(store.getBytes('k').length, 300);
  const payload = must(OperationEncoder.encode(Operation.put('key', 'text')));
  const shared = new Uint8Array(new SharedArrayBuffer(payload.length + 3), 3);
  shared.set(payload);
  assert.equal(must(OperationDecoder.decode(shared)).value.toString(), 'text');
  must(await store.apply(shared));
  assert.equal(store.getString('key'), 'text');
});

test('a view that grows, shrinks within its memory or comes back is what it is when it is put', async (t) => {
  const store = memoryStore(t);
  const memory = new ArrayBuffer(8, { maxByteLength: 64 });
  const tracking = new Uint8Array(memory, 4);
  const fixed = new Uint8Array(memory, 4, 4);
  for (const [size, length] of [
    [64, 60],
    [6, 2],
    [8, 4],
  ]) {
    memory.resize(size);
    must(await store.put('k', tracking));
    assert.equal(store.getBytes('k').length, length);
  }
  memory.resize(6);
  refused(await store.put('k', fixed), 'invalid_argument', /detached/);
  memory.resize(8);
  must(await store.put('k', fixed));
  assert.equal(store.getBytes('k').length, 4);
});

test('what an array says of itself does not decide what is stored', async (t) => {
  const store = memoryStore(t);
  class Odd extends Uint8Array {
    get length() {
      return 1;
    }
    get byteLength() {
      return 2;
    }
    valueOf() {
      return 'other';
    }
    static get [Symbol.species]() {
      throw new Error('not to be asked');
    }
  }
  const odd = new Odd([1, 2, 3]);
  must(await store.put('k', odd));
  assert.deepEqual([...store.getBytes('k')], [1, 2, 3]);
  assert.deepEqual([...Value.fromBytes(odd).toBytes()], [1, 2, 3]);
  must(await store.apply(must(OperationEncoder.encode(Operation.put('l', odd)))));
  assert.deepEqual([...store.getBytes('l')], [1, 2, 3]);
});

test('bytes that wait for room are kept as they were, whatever becomes of their memory', async (t) => {
  const work = workspace(t);
  const store = await work.open('store.wal', { stagedBytesLimit: 1000 });
  const first = store.put('first', 'x'.repeat(2000));
  const views = Object.keys(VIEWS).map((kind) => VIEWS[kind]());
  const waiting = views.map(({ view, lose }, at) => {
    const length = view.length;
    view.fill(at + 1);
    const put =
      at % 2 === 0
        ? store.put(`k${at}`, view)
        : store.batch([{ type: 'put', key: `k${at}`, value: view }]);
    lose();
    return { put, expected: new Array(length).fill(at + 1) };
  });
  must(await first);
  for (const [at, { put, expected }] of waiting.entries()) {
    must(await put);
    assert.deepEqual([...store.getBytes(`k${at}`)], expected);
  }
});

test('a store of bytes refuses what is not a Uint8Array', async (t) => {
  const store = memoryStore(t);
  const wrong = [new ArrayBuffer(4), new SharedArrayBuffer(4), new DataView(new ArrayBuffer(4))];
  for (const value of [...wrong, new Uint16Array(2), new Uint8ClampedArray(2), [1, 2], {}, null]) {
    refused(await store.put('k', value), 'invalid_argument', /Uint8Array/);
    throws(() => Value.fromBytes(value), 'invalid_argument', /Uint8Array/);
    refused(OperationDecoder.decode(value), 'invalid_argument', /Uint8Array/);
  }
  assert.equal(store.size(), 0);
});

test('a payload longer than any operation is refused without a copy of it', () => {
  const longest = new Uint8Array(70 << 20);
  refused(OperationDecoder.decode(longest), 'invalid_argument', /invalid payload: .* at most/);
});
