// The history is given in order, from where it was asked for, each operation once and only when it is durable.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import {
  LoggedOperation,
  Operation,
  OperationDecoder,
  OperationEncoder,
  StoreConfig,
  StoreEngine,
} from '@softadastra/store';
import { memoryStore, must, throws, workspace } from './helpers.mjs';

const MANUAL = { compaction: false };

async function fill(store, count, from = 0) {
  const puts = Array.from({ length: count }, (_, n) => store.put(`k${from + n}`, `v${from + n}`));
  for (const result of await Promise.all(puts)) must(result);
}

async function all(iterator) {
  const found = [];
  for await (const { sequence, operation } of iterator) {
    found.push([sequence, operation.type, operation.key, operation.value?.toString()]);
  }
  return found;
}

/** Checks that `next()` fails as it should, and that the iteration is over then. */
async function fails(iterator, code, message) {
  const error = await iterator.next().then(
    () => assert.fail('next() gave something'),
    (thrown) => thrown,
  );
  throws(
    () => {
      throw error;
    },
    code,
    message,
  );
  assert.deepEqual(await iterator.next(), { done: true, value: undefined });
}

test('every operation is there, in order, as it was made', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const bytes = Buffer.from([0xff, 0x00]);
  must(await store.put('a', '1'));
  must(await store.batch([{ type: 'put', key: 'b', value: bytes }, Operation.remove('a')]));
  must(await store.remove('never'));
  must(await store.apply(Operation.put('c', '3', { timestamp: -5 })));
  const found = [];
  for await (const logged of store.operations()) {
    assert.ok(logged instanceof LoggedOperation);
    const { sequence, operation, payload } = logged;
    assert.ok(payload instanceof Uint8Array);
    assert.deepEqual(Buffer.from(must(OperationEncoder.encode(operation))), Buffer.from(payload));
    assert.deepEqual(must(OperationDecoder.decode(payload)).key, operation.key);
    found.push([sequence, operation.type, operation.key]);
    if (operation.key === 'b') assert.deepEqual(operation.value.toBytes(), bytes);
    if (operation.key === 'c') assert.equal(operation.timestamp, -5);
  }
  assert.deepEqual(found, [
    [1, 'put', 'a'],
    [2, 'put', 'b'],
    [3, 'delete', 'a'],
    [4, 'delete', 'never'],
    [5, 'put', 'c'],
  ]);
  assert.deepEqual(
    (await all(store.operations({ since: 3 }))).map(([n]) => n),
    [4, 5],
  );
  assert.deepEqual(await all(store.operations({ since: 5 })), []);
});

test('a long history comes in pages without a gap, also after a restart', async (t) => {
  const work = workspace(t);
  let store = await work.open(undefined, MANUAL);
  for (let round = 0; round < 8; round += 1) await fill(store, 5000, round * 5000);
  const check = async (since) => {
    let next = since;
    for await (const { sequence, operation } of store.operations({ since })) {
      next += 1;
      assert.equal(sequence, next);
      assert.equal(operation.key, `k${next - 1}`);
    }
    assert.equal(next, 40_000);
  };
  await check(0);
  must(await store.close());
  store = await work.open(undefined, MANUAL);
  await check(0);
  await check(39_999);
  await Promise.all([check(0), check(1234), check(20_000)]);
});

test('a value of many megabytes and the small ones around it are all there', async (t) => {
  const store = await workspace(t).open();
  const large = 'x'.repeat(9 << 20);
  must(
    await store.batch([
      { type: 'put', key: 'a', value: '1' },
      { type: 'put', key: 'b', value: large },
      { type: 'put', key: 'c', value: '3' },
    ]),
  );
  const found = await all(store.operations());
  assert.deepEqual(
    found.map(([n, , key, value]) => [n, key, value.length]),
    [
      [1, 'a', 1],
      [2, 'b', large.length],
      [3, 'c', 1],
    ],
  );
});

test('without follow it ends, even when every step writes', async (t) => {
  const store = await workspace(t).open();
  await fill(store, 50);
  let steps = 0;
  for await (const { sequence } of store.operations()) {
    steps += 1;
    must(await store.put(`echo/${sequence}`, 'x'));
  }
  assert.equal(steps, 50);
});

test('next() may be called before the one before it has answered', async (t) => {
  const store = await workspace(t).open();
  await fill(store, 3);
  const iterator = store.operations();
  const results = await Promise.all(Array.from({ length: 5 }, () => iterator.next()));
  assert.deepEqual(
    results.map(({ done, value }) => [done, value?.sequence]),
    [
      [false, 1],
      [false, 2],
      [false, 3],
      [true, undefined],
      [true, undefined],
    ],
  );
});

test('following gives what was there and then every write, once it is acknowledged or later', async (t) => {
  const store = await workspace(t).open();
  await fill(store, 10);
  const iterator = store.operations({ follow: true });
  for (let n = 1; n <= 10; n += 1) assert.equal((await iterator.next()).value.sequence, n);
  for (let n = 11; n <= 60; n += 1) {
    let answered = false;
    const next = iterator.next().then((result) => {
      answered = true;
      return result;
    });
    await turn();
    await turn();
    assert.equal(answered, false, 'nothing is given before it is written');
    must(await store.put('k', String(n)));
    const { value } = await next;
    assert.deepEqual([value.sequence, value.operation.value.toString()], [n, String(n)]);
  }
  await iterator.return();
});

test('a fast store gives operations once they are flushed', async (t) => {
  const { file, track } = workspace(t);
  const store = track(must(await StoreEngine.open(StoreConfig.fast(file()))));
  await fill(store, 5);
  assert.deepEqual(await all(store.operations()), []);
  const iterator = store.operations({ follow: true });
  const next = iterator.next();
  must(await store.flush());
  assert.equal((await next).value.sequence, 1);
  assert.equal((await all(store.operations())).length, 5);
});

test('following goes on across compactions, without a gap', async (t) => {
  const store = await workspace(t).open(undefined, MANUAL);
  await fill(store, 100);
  const iterator = store.operations({ follow: true });
  let expected = 1;
  for (let round = 0; round < 5; round += 1) {
    for (; expected <= store.lastSequence() - 20; expected += 1) {
      assert.equal((await iterator.next()).value.sequence, expected);
    }
    must(await store.compact());
    await fill(store, 100);
  }
  for (; expected <= store.lastSequence(); expected += 1) {
    assert.equal((await iterator.next()).value.sequence, expected);
  }
  assert.equal(expected, 601);
});

test('history that is gone is not_found, and the floor is named', async (t) => {
  const store = await workspace(t).open();
  await fill(store, 30);
  must(await store.compact());
  await fill(store, 3);
  await fails(store.operations(), 'not_found', /after sequence 0 .* after 30/);
  await fails(store.operations({ since: 29, follow: true }), 'not_found', /after 30/);
  assert.equal((await all(store.operations({ since: 30 }))).length, 3);
});

test('a place that the history does not have is refused by next()', async (t) => {
  const store = await workspace(t).open();
  await fill(store, 3);
  for (const since of [-1, 1.5, Number.NaN, '1', null, 2 ** 53]) {
    await fails(store.operations({ since }), 'invalid_argument', /since/);
  }
  await fails(store.operations({ since: 4 }), 'invalid_argument', /beyond/);
  await fails(store.operations({ since: 4, follow: true }), 'invalid_argument', /beyond/);
});

test('bad options are refused at once', async (t) => {
  const store = await workspace(t).open();
  throws(() => store.operations({ folow: true }), 'invalid_argument', /"follow"/);
  throws(() => store.operations({ follow: 1 }), 'invalid_argument', /follow/);
  throws(() => store.operations({ signal: 'x' }), 'invalid_argument', /AbortSignal/);
  throws(() => store.operations(3), 'invalid_argument', /object/);
  throws(() => memoryStore(t).operations(), 'invalid_state', /memory-only/);
  throws(() => new LoggedOperation(), 'invalid_argument', /operations\(\)/);
});
