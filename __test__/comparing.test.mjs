// What differs compares as different and what is equal as equal, by the comparisons of test tools, which see plain fields
// alone; JSON, inspection and clones keep what is inside.

import legacy from 'node:assert';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import {
  Client,
  ClientOptions,
  Key,
  Operation,
  OperationDecoder,
  OperationEncoder,
  Result,
  SnapshotBuilderStore,
  SoftadastraError,
  StoreConfig,
  StoreEngine,
  Value,
} from '@softadastra/store';
import { memoryStore, must, refused, workspace } from './helpers.mjs';

const failure = (...args) => Result.err(new SoftadastraError(...args));
const bytes = (...values) => Value.fromBytes(Uint8Array.from(values));

function same(a, b) {
  assert.deepStrictEqual(a, b);
  legacy.deepEqual(a, b);
  assert.equal(JSON.stringify(a), JSON.stringify(b));
}

function differ(a, b) {
  assert.notDeepStrictEqual(a, b, `${inspect(a)} and ${inspect(b)}`);
  legacy.notDeepEqual(a, b);
}

test('values of different content differ, and of the same content are equal however they were made', async (t) => {
  for (const [a, b] of [
    [Value.fromString('a'), Value.fromString('b')],
    [Value.fromString('a'), bytes(98)],
    [bytes(1), bytes(2)],
    [bytes(255), bytes(254)],
    [bytes(255), Value.fromString('\ufffd')],
    [bytes(255), bytes(255, 255)],
    [Value.fromString(''), Value.fromString('\0')],
  ]) {
    differ(a, b);
    differ({ deep: [a] }, { deep: [b] });
  }
  const store = memoryStore(t);
  for (const text of ['', 'a', 'Zürich 👍', '\ufeffmark', '\0', 'x'.repeat(5000)]) {
    const value = Value.fromString(text);
    same(value, Value.fromBytes(Buffer.from(text)));
    must(await store.put('text', text));
    must(await store.put('bytes', Buffer.from(text)));
    same(store.get('text').value().value, value);
    same(store.get('bytes').value().value, value);
    assert.deepEqual(value.toBytes(), Buffer.from(text));
    assert.deepEqual(Value.fromBytes(Buffer.from(text)).toBytes(), Buffer.from(text));
  }
  must(await store.put('no text', Buffer.from([255, 0])));
  same(store.get('no text').value().value, bytes(255, 0));
});

test('keys and entries compare by what they hold', async (t) => {
  differ(new Key('a'), new Key('b'));
  same(new Key('a'), new Key('a'));
  const [one, other] = [memoryStore(t), memoryStore(t)];
  for (const store of [one, other]) {
    must(await store.apply(Operation.put('a', '1', { timestamp: 7 })));
    must(await store.apply(Operation.put('b', '1', { timestamp: 7 })));
  }
  same([...one.entries()], [...other.entries()]);
  same(one.get('a'), other.get('a'));
  differ(one.get('a'), one.get('b'));
  must(await other.apply(Operation.put('a', '2', { timestamp: 7 })));
  differ([...one.values()], [...other.values()]);
  differ(one.snapshot().get('a'), other.snapshot().get('a'));
});

test('results compare by outcome, value and error', (t) => {
  const error = new SoftadastraError('io_error', 'no space', '/a');
  for (const [a, b] of [
    [Result.ok(1), Result.ok(2)],
    [Result.ok(undefined), failure('io_error', 'x')],
    [Result.ok(error), Result.err(error)],
    [Result.ok(Value.fromString('a')), Result.ok(Value.fromString('b'))],
    [failure('io_error', 'x'), failure('store_error', 'x')],
    [failure('io_error', 'x'), failure('io_error', 'y')],
    [failure('io_error', 'x', 'a'), failure('io_error', 'x', 'b')],
    [failure('io_error', 'x', 'a', { cause: 1 }), failure('io_error', 'x', 'a', { cause: 2 })],
  ]) {
    differ(a, b);
  }
  same(Result.ok([1]), Result.ok([1]));
  same(failure('io_error', 'x', 'a'), failure('io_error', 'x', 'a'));
  const store = memoryStore(t);
  const [missing, again, other] = ['a', 'a', 'b'].map((key) => store.get(key));
  same(missing, again);
  differ(missing, other);
  // Whether somebody has looked at the error makes no difference.
  missing.error();
  same(missing, again);
  same(missing, failure('not_found', 'key not found', 'a'));
  same(missing, Result.err(again.error()));
});

test('operations and the outcomes of calls compare by what they say', async (t) => {
  const at = { timestamp: 1 };
  differ(Operation.put('a', '1', at), Operation.put('a', '2', at));
  differ(Operation.put('a', '1', at), Operation.remove('a', at));
  const operation = Operation.put('a', Buffer.from('1'), at);
  same(operation, Operation.put('a', '1', at));
  same(must(OperationDecoder.decode(must(OperationEncoder.encode(operation)))), operation);

  const work = workspace(t);
  const [one, other] = [await work.open('one.wal'), await work.open('other.wal')];
  const both = async (call) => [must(await call(one)), must(await call(other))];
  same(...(await both((store) => store.apply(operation))));
  same(...(await both((store) => store.put('a', '2'))));
  same(...(await both((store) => store.batch([{ type: 'remove', key: 'a' }]))));
  differ(must(await one.put('a', '3')), must(await other.remove('a')));
  differ(must(await one.put('a', '3')), must(await one.put('b', '3')));
  const logged = async (store, since) => (await store.operations({ since }).next()).value;
  same(await logged(one, 0), await logged(other, 0));
  const [first, second] = [await logged(one, 0), await logged(one, 1)];
  differ(first, second);
  first.operation;
  same(first, await logged(one, 0));
  differ(StoreConfig.durable('a'), StoreConfig.durable('b'));
  differ(StoreConfig.durable('a'), StoreConfig.fast('a'));
  same(StoreConfig.durable('a'), StoreConfig.durable('a'));
  differ(ClientOptions.local('a'), ClientOptions.local('b'));
  same(ClientOptions.local('a'), ClientOptions.local('a'));
});

test('a store, a client, a consumer and a snapshot are equal to no other', async (t) => {
  const work = workspace(t);
  const [one, other] = [await work.open('one.wal'), await work.open('other.wal')];
  same(one, one);
  differ(one, other);
  differ(new StoreEngine(StoreConfig.memoryOnly()), new StoreEngine(StoreConfig.memoryOnly()));
  differ(new Client(ClientOptions.local('a')), new Client(ClientOptions.local('a')));
  const consumers = [must(await one.consumer('c')), must(await other.consumer('c'))];
  differ(...consumers);
  same(consumers[0], must(await one.consumer('c')));
  differ(consumers[0], must(await one.consumer('d')));
  differ(one.snapshot(), other.snapshot());
  const before = one.snapshot();
  same(before, one.snapshot());
  must(await one.put('a', '1'));
  differ(before, one.snapshot());
  const builds = [];
  for (const name of ['one.wal', 'other.wal']) {
    builds.push(must(await SnapshotBuilderStore.build(work.file(name))));
  }
  differ(...builds);
});

test('JSON keeps what is inside', async (t) => {
  const json = (value) => JSON.parse(JSON.stringify(value));
  assert.equal(json(Value.fromString('dark')), 'dark');
  assert.equal(json(Value.fromBytes(Buffer.from('dark'))), 'dark');
  assert.deepEqual(json(bytes(255, 0)), { base64: '/wA=' });
  assert.equal(json(new Key('a')), 'a');
  const store = memoryStore(t);
  must(await store.apply(Operation.put('a', 'x', { timestamp: 7 })));
  const entry = { key: 'a', value: 'x', version: 1, timestamp: 7 };
  assert.deepEqual(json([...store.entries()]), [['a', entry]]);
  assert.deepEqual(json(store.get('a')), { ok: true, value: entry });
  assert.deepEqual(json(store.get('b')), {
    ok: false,
    error: { code: 'not_found', message: 'key not found', context: 'b' },
  });
  assert.deepEqual(json(Result.ok(undefined)), { ok: true });
  assert.deepEqual(json(Operation.put('a', Uint8Array.of(255), { timestamp: 1 })), {
    type: 'put',
    key: 'a',
    value: { base64: '/w==' },
    timestamp: 1,
  });
  const circular = Object.create(null);
  circular.self = circular;
  for (const [cause, told] of [
    [undefined, undefined],
    [new TypeError('EIO'), 'TypeError: EIO'],
    [new SoftadastraError('io_error', 'm'), { code: 'io_error', message: 'm' }],
    [7n, '7'],
    [Symbol('s'), 'Symbol(s)'],
    [circular, '[object Object]'],
  ]) {
    const { cause: found, ...rest } = json(
      new SoftadastraError('io_error', 'full', '/a', { cause }),
    );
    assert.deepEqual(found, told);
    assert.deepEqual(rest, { code: 'io_error', message: 'full', context: '/a' });
  }
  const work = workspace(t);
  const durable = await work.open();
  must(await durable.apply(Operation.put('a', 'x', { timestamp: 7 })));
  const { value: logged } = await durable.operations().next();
  const operation = { type: 'put', key: 'a', value: 'x', timestamp: 7 };
  assert.deepEqual(json(logged), { sequence: 1, operation, endsBatch: true });
  assert.deepEqual(json(durable.snapshot()), { lastSequence: 1 });
});

test('inspection shows what is inside, and not the whole of what is large', (t) => {
  assert.equal(inspect(Value.fromString('a "b"')), 'Value("a \\"b\\"")');
  assert.equal(inspect(bytes(1, 2, 255)), 'Value(<01 02 ff>)');
  const long = inspect(Value.fromString('x'.repeat(1_000_000)));
  assert.ok(long.length < 11_000);
  assert.match(long, / 990000 more characters\)$/);
  assert.match(
    inspect(bytes(...new Array(1000).fill(255))),
    /^Value\(<(ff ){50}\.\.\. 950 more bytes>\)$/,
  );
  assert.equal(inspect(new Key('a')), 'Key("a")');
  assert.equal(inspect(Result.ok(Value.fromString('a'))), 'Result.ok(Value("a"))');
  const store = memoryStore(t);
  assert.equal(inspect(store.get('b')), 'Result.err(not_found: key not found)');
  assert.equal(inspect(store.snapshot()), 'Snapshot(of sequence 0)');
  assert.match(inspect(new SoftadastraError('io_error', 'full', '/a')), /full.*io_error.*'\/a'/s);
});

test('a clone of a result, an entry or a value has their fields and no methods', (t) => {
  const store = memoryStore(t);
  assert.deepEqual(structuredClone(Value.fromString('a')), { content: 'a' });
  assert.deepEqual([...structuredClone(bytes(255)).content], [255]);
  assert.deepEqual(structuredClone(Result.ok(Value.fromString('a'))), {
    ok: true,
    content: { content: 'a' },
  });
  const { ok, content } = structuredClone(store.get('none'));
  assert.deepEqual([ok, content.code, content.context], [false, 'not_found', 'none']);
  assert.deepEqual(structuredClone(new Key('a')), { text: 'a' });
});

test('a value whose memory was taken from its fields is refused', async (t) => {
  const store = memoryStore(t);
  const value = bytes(255, 0);
  structuredClone(value.content, { transfer: [value.content.buffer] });
  refused(await store.put('a', value), 'invalid_argument', /detached/);
  assert.equal(store.size(), 0);
});
