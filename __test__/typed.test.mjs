// A typed view stores what its codec makes of a value and gives it back. What does not encode is not stored, and what does
// not decode is an error that names the key.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Entry, Key, Operation, TypedStore, Value } from '@softadastra/store';
import { dump, memoryStore, must, refused, throws, workspace } from './helpers.mjs';

const REVERSED = {
  encode: (text) => [...text].reverse().join(''),
  decode: (stored) => [...stored.toString()].reverse().join(''),
};

test('values of every kind that JSON has come back, also after a restart', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const values = [null, false, 0, -1.5, '', 'Zürich 👍', '\ud800', [], [1, ['a']], { a: { b: 1 } }];
  const json = store.as('json');
  for (const [n, value] of values.entries()) must(await json.put(`k${n}`, value));
  assert.equal(store.getString('k8'), '[1,["a"]]');
  must(await store.close());
  const again = (await work.open()).as('json');
  for (const [n, value] of values.entries()) {
    assert.deepEqual(must(again.get(`k${n}`)).value, value);
  }
  assert.deepEqual([...again.values()], values);
  assert.deepEqual(
    Array.from(again.entries({ limit: 2 }), ([key, { value, version }]) => [key, value, version]),
    [
      ['k0', null, 1],
      ['k1', false, 2],
    ],
  );
  assert.deepEqual(again.getMany(['k4', 'none', new Key('k0')]), ['', undefined, null]);
});

test('entries, conditions, removals and batches are those of the store', async (t) => {
  const store = memoryStore(t);
  const json = store.as('json');
  assert.ok(json instanceof TypedStore);
  assert.equal(must(await json.put(new Key('a'), { n: 1 })).created, true);
  refused(await json.put('a', { n: 2 }, { ifVersion: 7 }), 'invalid_state', /version mismatch/);
  refused(await json.put('', 1), 'invalid_argument', 'invalid key: key is empty');
  refused(await json.put('b', 1, { ifversion: 1 }), 'invalid_argument', /"ifVersion"/);
  const entry = must(json.get('a'));
  assert.ok(entry instanceof Entry);
  assert.deepEqual([entry.key, entry.value, entry.version], ['a', { n: 1 }, 1]);
  assert.equal(entry.timestamp, must(store.get('a')).timestamp);
  refused(json.get('none'), 'not_found', 'key not found');
  class Put {
    get type() {
      return 'put';
    }
    key = 'c';
    value = [3];
  }
  const batch = [{ type: 'put', key: 'b', value: 2, ifVersion: 0 }, new Put()];
  const removal = { type: 'delete', key: 'a' };
  const { results } = must(await json.batch([...batch, removal]));
  assert.deepEqual([results[0].created, results[2].deleted], [true, true]);
  assert.deepEqual(dump(store), [
    ['b', '2', 2],
    ['c', '[3]', 3],
  ]);
  assert.equal(must(await json.remove('b', { ifVersion: 2 })).deleted, true);
  const misspelt = { type: 'put', key: 'd', value: 1, ifversion: 0 };
  refused(await json.batch([misspelt]), 'invalid_argument', /"ifversion"/);
  refused(await json.batch([{ ...removal, value: 1 }]), 'invalid_argument', /"value"/);
  refused(await json.batch([null]), 'invalid_argument', /object/);
  refused(await json.batch('x'), 'invalid_argument', /array/);
  refused(await json.batch([Operation.put('d', '1')]), 'invalid_argument', /Operation/);
  assert.deepEqual(dump(store), [['c', '[3]', 3]]);
});

test('a value that does not encode is refused, and nothing is stored', async (t) => {
  const store = memoryStore(t);
  const circle = {};
  circle.circle = circle;
  const cause = new Error('mine');
  const toJSON = () => {
    throw cause;
  };
  const giving = (encode) => store.as({ encode, decode: () => undefined });
  for (const [view, value, message] of [
    [store.as('json'), undefined, /does not encode as JSON: .* undefined has no JSON form/],
    [store.as('json'), () => 1, /function has no JSON form/],
    [store.as('json'), Symbol('x'), /symbol has no JSON form/],
    [store.as('json'), 1n, /does not encode as JSON: .*BigInt/],
    [store.as('json'), circle, /does not encode as JSON: .*circular/],
    [store.as('json'), { toJSON }, /does not encode as JSON: mine$/],
    [giving(toJSON), 1, /does not encode: mine$/],
    [giving(() => undefined), 1, /encode returned neither text nor bytes/],
    [giving(async () => 'x'), 1, /encode returned neither text nor bytes/],
    [giving(() => new ArrayBuffer(1)), 1, /encode returned neither text nor bytes/],
    [giving(() => '\ud800'), 1, /surrogate|Unicode/],
  ]) {
    const error = refused(await view.put('key', value), 'invalid_argument', message);
    assert.match(error.message, /^invalid value: /);
    if (message.source.includes('encode')) assert.equal(error.context, 'key');
    const batch = [
      { type: 'put', key: 'a', value },
      { type: 'delete', key: 'b' },
    ];
    const { context } = refused(await view.batch(batch), 'invalid_argument', message);
    assert.match(context, /^operation 0/);
  }
  const thrown = (await store.as('json').put('key', { toJSON })).error();
  assert.equal(thrown.cause, cause);
  assert.deepEqual([store.size(), store.lastSequence()], [0, 0]);
});

test('a stored value that does not decode is an error with the key, wherever it is read', async (t) => {
  const store = memoryStore(t);
  const json = store.as('json');
  must(await store.put('a', '1'));
  for (const [stored, message] of [
    ['{oops', /^the value of "wrong" does not decode as JSON: /],
    ['', /^the value of "wrong" does not decode as JSON: /],
    [
      new Uint8Array([34, 255, 34]),
      /^the value of "wrong" does not decode as JSON: it is not UTF-8$/,
    ],
  ]) {
    must(await store.put('wrong', stored));
    const error = refused(json.get('wrong'), 'store_error', message);
    assert.equal(error.context, 'wrong');
    assert.ok(error.cause instanceof Error);
    throws(() => json.getMany(['a', 'wrong']), 'store_error', message);
    for (const iterator of [json.entries(), json.values()]) {
      assert.equal(iterator.next().done, false);
      throws(() => iterator.next(), 'store_error', message);
      assert.equal(iterator.next().done, true);
    }
  }
  const long = 'k'.repeat(10_000);
  must(await store.put(long, 'x'));
  const { context, message } = json.get(long).error();
  assert.equal(context, long);
  assert.match(message, /^the value does not decode as JSON: /);
  assert.ok(message.length < 200);
});

test('a codec is called as a method, with what is stored, and may give bytes', async (t) => {
  const store = memoryStore(t);
  class Shifted {
    by = 200;
    encode(numbers) {
      return Uint8Array.from(numbers, (n) => n + this.by);
    }
    decode(stored) {
      assert.ok(stored instanceof Value);
      return Array.from(stored.toBytes(), (n) => n - this.by);
    }
  }
  const view = store.as(new Shifted());
  must(await view.put('a', [1, 2]));
  assert.deepEqual([...store.getBytes('a')], [201, 202]);
  assert.deepEqual(must(view.get('a')).value, [1, 2]);
  const reversed = store.as(REVERSED);
  must(await reversed.put('b', 'abc'));
  assert.equal(store.getString('b'), 'cba');
  assert.deepEqual(reversed.getMany(['b']), ['abc']);
});

test('a codec that is none is refused at once', (t) => {
  const store = memoryStore(t);
  for (const wrong of [undefined, null, 'JSON', {}, { encode: () => '' }, JSON]) {
    throws(() => store.as(wrong), 'invalid_argument', /"json" or an object/);
  }
  throws(() => new TypedStore('internal', store, 'json'), 'invalid_argument', /StoreEngine\.as/);
});

test('a store that is not open says so through a view, also when the codec closes it', async (t) => {
  const store = memoryStore(t);
  const encode = () => {
    void store.close();
    return 'x';
  };
  const closing = store.as({ encode, decode: () => 1 });
  refused(await closing.put('a', 1), 'invalid_state', /closed/);
  const view = store.as('json');
  refused(await view.put('a', 1), 'invalid_state', /closed/);
  refused(await view.remove('a'), 'invalid_state', /closed/);
  refused(await view.batch([]), 'invalid_state', /closed/);
  refused(view.get('a'), 'invalid_state', /closed/);
  for (const call of [
    () => view.getMany([]),
    () => view.getMany(['a']),
    () => view.entries(),
    () => view.values(),
  ]) {
    throws(call, 'invalid_state', /closed/);
  }
});
