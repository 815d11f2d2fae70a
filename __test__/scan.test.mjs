// Scans visit entries in the order of their keys' UTF-8 bytes, within the range that was asked for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Key, Value } from '@softadastra/store';
import { memoryStore, throws } from './helpers.mjs';

async function fill(store, keys) {
  await store.batch(keys.map((key) => ({ type: 'put', key, value: `value of ${key}` })));
}

/** What a scan has to give, worked out from the list of all keys. */
function expected(all, { prefix = '', gt, gte, lt, lte, reverse, limit = Infinity } = {}) {
  const bytes = (text) => Buffer.from(String(text));
  const order = (a, b) => Buffer.compare(bytes(a), bytes(b));
  const keys = all
    .filter((key) => key.startsWith(String(prefix)))
    .filter((key) => gt === undefined || order(key, gt) > 0)
    .filter((key) => gte === undefined || order(key, gte) >= 0)
    .filter((key) => lt === undefined || order(key, lt) < 0)
    .filter((key) => lte === undefined || order(key, lte) <= 0)
    .sort(order);
  return (reverse ? keys.reverse() : keys).slice(0, limit);
}

test('entries, keys and values agree with each other', async (t) => {
  const store = memoryStore(t);
  await fill(store, ['b', 'a', 'c']);
  assert.deepEqual([...store.keys()], ['a', 'b', 'c']);
  assert.deepEqual(
    Array.from(store.values(), (value) => value.toString()),
    ['value of a', 'value of b', 'value of c'],
  );
  assert.ok(store.values().next().value instanceof Value);
  assert.deepEqual(
    Array.from(store.entries(), ([key, entry]) => [key, entry.key, entry.value.toString()]),
    ['a', 'b', 'c'].map((key) => [key, key, `value of ${key}`]),
  );
  assert.deepEqual(
    Array.from(store.entries(), ([, entry]) => entry.version),
    [2, 1, 3],
  );
});

test('an empty store and an empty range give nothing', async (t) => {
  const store = memoryStore(t);
  assert.deepEqual([...store.entries()], []);
  await fill(store, ['a', 'b']);
  assert.deepEqual([...store.keys({ gt: 'a', lt: 'b' })], []);
  assert.deepEqual([...store.keys({ gt: 'b', lt: 'a' })], []);
  assert.deepEqual([...store.keys({ prefix: 'z' })], []);
  assert.deepEqual([...store.keys({ limit: 0 })], []);
});

test('every range option, alone and with the others', async (t) => {
  const store = memoryStore(t);
  const all = ['a', 'a/', 'a/1', 'a/10', 'a/2', 'a/2/x', 'a0', 'b', 'b/1', 'é', '日', '👍', '\0'];
  await fill(store, all);
  const bounds = [undefined, '', 'a', 'a/2', 'a/20', 'b', 'zzz', '日', '👍👍'];
  const cases = [];
  for (const bound of bounds) {
    for (const name of ['gt', 'gte', 'lt', 'lte', 'prefix']) cases.push({ [name]: bound });
    for (const upper of bounds) {
      cases.push({ gt: bound, lt: upper }, { gte: bound, lte: upper });
      cases.push({ prefix: 'a/', gte: bound, lt: upper });
    }
  }
  cases.push(
    { gt: 'a', gte: 'a/1', lt: 'b/1', lte: 'b' },
    { gt: 'a/1', gte: 'a', lt: 'b', lte: 'z' },
  );
  for (const range of cases) {
    for (const reverse of [undefined, false, true]) {
      for (const limit of [undefined, 1, 3, 1000]) {
        const options = { ...range, reverse, limit };
        const wanted = expected(all, options);
        const note = JSON.stringify(options);
        assert.deepEqual([...store.keys(options)], wanted, note);
        assert.deepEqual(
          Array.from(store.entries(options), ([key]) => key),
          wanted,
          note,
        );
        assert.equal([...store.values(options)].length, wanted.length, note);
      }
    }
  }
});

test('keys are ordered by UTF-8 bytes, which is not the order of JavaScript strings', async (t) => {
  const store = memoryStore(t);
  const keys = ['\ufffd', '👍', '\uffff', '\ue000', 'z', 'é', '\u{10ffff}', '\ud7ff'];
  await fill(store, keys);
  const ordered = ['z', 'é', '\ud7ff', '\ue000', '\ufffd', '\uffff', '👍', '\u{10ffff}'];
  assert.notDeepEqual([...keys].sort(), ordered);
  assert.deepEqual([...store.keys()], ordered);
  assert.deepEqual([...store.keys({ reverse: true })], [...ordered].reverse());
  assert.deepEqual([...store.keys({ gt: '\uffff' })], ['👍', '\u{10ffff}']);
  assert.deepEqual([...store.keys({ lt: '👍', gte: '\ufffd' })], ['\ufffd', '\uffff']);
});

test('a bound may be a Key and need not be stored', async (t) => {
  const store = memoryStore(t);
  await fill(store, ['a', 'c', 'e']);
  assert.deepEqual([...store.keys({ gte: new Key('b'), lte: new Key('d') })], ['c']);
  assert.deepEqual([...store.keys({ prefix: new Key('e') })], ['e']);
});

test('long scans come in pages, and none of it is lost or doubled', async (t) => {
  const store = memoryStore(t);
  const all = Array.from({ length: 2000 }, (_, n) => `k/${n}`);
  await fill(store, all);
  for (const limit of [255, 256, 257, 512, 1999, 2000, 2001, undefined]) {
    for (const reverse of [false, true]) {
      const wanted = expected(all, { reverse, limit });
      assert.deepEqual([...store.keys({ reverse, limit })], wanted, `${limit} ${reverse}`);
      const keys = Array.from(store.entries({ prefix: 'k/', reverse, limit }), ([key]) => key);
      assert.deepEqual(keys, wanted, `${limit} ${reverse}`);
    }
  }
});

test('large values do not make a page that cannot be held', async (t) => {
  const store = memoryStore(t);
  const value = Buffer.alloc(1 << 20, 1);
  for (let n = 0; n < 40; n += 1) {
    await store.put(`k${String(n).padStart(2, '0')}`, value);
  }
  let seen = 0;
  for (const [key, entry] of store.entries()) {
    assert.equal(key, `k${String(seen).padStart(2, '0')}`);
    assert.equal(entry.value.toBytes().length, value.length);
    seen += 1;
  }
  assert.equal(seen, 40);
});

test('a scan goes on while writes are committed: no key twice, none out of order', async (t) => {
  const store = memoryStore(t);
  const all = Array.from({ length: 1000 }, (_, n) => `k${String(n).padStart(4, '0')}`);
  await fill(store, all);
  const seen = [];
  let writes = 0;
  for (const key of store.keys()) {
    seen.push(key);
    if (writes < 10 && seen.length % 50 === 0) {
      writes += 1;
      await store.batch([
        { type: 'put', key: `${key}+`, value: 'new, just ahead' },
        { type: 'put', key: '!', value: 'new, after' },
        { type: 'remove', key },
        { type: 'remove', key: 'k0999' },
      ]);
    }
  }
  assert.deepEqual(seen, [...new Set(seen)].sort());
  const untouched = all.filter((key) => key !== 'k0999');
  assert.deepEqual(
    untouched.filter((key) => !seen.includes(key)),
    [],
  );
  assert.equal(seen.includes('!'), false);
  assert.equal(seen.includes('k0999'), false, 'removed long before the scan came near');
});

test('a scan that is left early ends, and is iterable only once', async (t) => {
  const store = memoryStore(t);
  await fill(store, ['a', 'b', 'c']);
  const keys = store.keys();
  assert.equal(keys[Symbol.iterator](), keys);
  for (const key of keys) {
    assert.equal(key, 'a');
    break;
  }
  assert.deepEqual(keys.next(), { done: true, value: undefined });
  assert.deepEqual([...keys], []);
});

test('a scan of a store that is closed under it throws', async (t) => {
  const store = memoryStore(t);
  await fill(
    store,
    Array.from({ length: 1000 }, (_, n) => `k${n}`),
  );
  const keys = store.keys();
  assert.equal(keys.next().value, 'k0');
  await store.close();
  throws(() => [...keys], 'invalid_state', /closed/);
});

test('bad range options throw and name what is wrong', (t) => {
  const store = memoryStore(t);
  for (const scan of ['entries', 'keys', 'values']) {
    throws(() => store[scan]({ perfix: 'a' }), 'invalid_argument', /"perfix".*"prefix"/);
    throws(() => store[scan]({ reversed: true }), 'invalid_argument', /"reversed".*"reverse"/);
    throws(() => store[scan](null), 'invalid_argument', /object/);
    throws(() => store[scan]('a'), 'invalid_argument', /object/);
    throws(() => store[scan]({ gte: 7 }), 'invalid_argument', /gte/);
    throws(() => store[scan]({ lt: '\ud800' }), 'invalid_argument', /lt/);
    throws(() => store[scan]({ reverse: 1 }), 'invalid_argument', /reverse/);
    for (const limit of [-1, 1.5, '3', Number.NaN]) {
      throws(() => store[scan]({ limit }), 'invalid_argument', /limit/);
    }
  }
});
