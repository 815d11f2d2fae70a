// Calls that are done when they return: as the asynchronous ones, in one order with them, and never stuck.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Operation, OperationEncoder, StoreConfig, StoreEngine } from '@softadastra/store';
import { dump, must, refused, workspace } from './helpers.mjs';

const KINDS = {
  durable: (work, more) => StoreConfig.durable(work.file(), more),
  fast: (work, more) => StoreConfig.fast(work.file(), more),
  memory: (_work, more) => ({ mode: 'memory', ...more }),
};

const opened = async (work, kind, more) =>
  work.track(must(await StoreEngine.open(KINDS[kind](work, more))));

const payload = (operation) => must(OperationEncoder.encode(operation));

/** Calls of every kind, each as it is done on a store; the second of two stores does them with the other twin. */
const CALLS = [
  ['put', 'a', '1'],
  ['put', 'a', Buffer.from([0xff, 0])],
  ['put', 'a', '2', { ifVersion: 2 }],
  ['put', 'a', '3', { ifVersion: 2 }],
  ['put', 'a', '3', { ifVersion: 0 }],
  ['put', 'b', '', { ifVersion: 0 }],
  ['put', 'b', 'x', { ifVersoin: 0 }],
  ['put', 'b', 'x', { ifVersion: -1 }],
  ['put', 'b', 'x', null],
  ['put', 'b', 'x', 7],
  ['remove', 'b', { ifVersion: 9 }],
  ['remove', 'b', { ifVersion: 4 }],
  ['remove', 'b'],
  ['remove', 'b', 'x'],
  [
    'batch',
    [{ type: 'put', key: 'c', value: '1' }, { type: 'remove', key: 'a' }, Operation.put('d', '1')],
  ],
  [
    'batch',
    [
      { type: 'put', key: 'c', value: '2' },
      { type: 'put', key: 'd', value: '2', ifVersion: 0 },
    ],
  ],
  [
    'batch',
    [
      { type: 'put', key: 'c', value: '2' },
      { type: 'put', key: '', value: '2' },
    ],
  ],
  [
    'batch',
    [
      { type: 'put', key: 'c', value: '2' },
      { type: 'pot', key: 'c' },
    ],
  ],
  ['batch', [{ type: 'remove', key: 'c', value: 'x' }]],
  ['batch', [{ type: 'put', key: 'c' }, undefined]],
  ['batch', []],
  ['batch', 'none'],
  ['batch'],
  ['apply', Operation.put('e', '1', { timestamp: 5 })],
  ['apply', payload(Operation.put('e', '2', { timestamp: 4 }))],
  ['apply', payload(Operation.remove('e'))],
  ['apply', payload(Operation.remove('e'))],
  ['apply', Uint8Array.of(1, 2, 3)],
  ['apply', { type: 'put', key: 'e', value: '1' }],
  ['apply'],
  ['flush'],
];

/** A result as it can be compared. */
const shown = (result) =>
  result.isOk()
    ? { value: result.value() }
    : (({ code, message, context }) => ({ code, message, context }))(result.error());

for (const kind of Object.keys(KINDS)) {
  test(`in a ${kind} store each call has the result of its asynchronous twin`, async (t) => {
    const [one, other] = [workspace(t), workspace(t)];
    const stores = [await opened(one, kind), await opened(other, kind)];
    for (const [name, ...args] of CALLS) {
      const later = await stores[0][name](...args);
      const now = stores[1][`${name}Sync`](...args);
      assert.equal(now.constructor, later.constructor);
      assert.deepEqual(shown(now), shown(later), `${name} ${JSON.stringify(args)}`);
      assert.deepEqual(dump(stores[1]), dump(stores[0]));
    }
    assert.equal(stores[1].get('a').isErr(), true);
    assert.equal(stores[1].stats().syncs, stores[0].stats().syncs);
  });
}

test('in the continuations of other writes', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  let sum = 0;
  const chain = async (name) => {
    for (let n = 0; n < 20; n += 1) {
      const { version } = must(await store.put(name, `${n}`));
      const now = must(store.putSync(`${name}/sync`, `${n}`)).version;
      assert.ok(now > version);
      sum += 2;
    }
  };
  await Promise.all(Array.from({ length: 10 }, (_, n) => chain(`c${n}`)));
  assert.equal(store.lastSequence(), sum);
});

test('options and operations whose getters call the store', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const options = {
    get ifVersion() {
      assert.equal(must(store.putSync('a', 'inner')).version, 2);
      return 0;
    },
  };
  const later = store.put('first', 'x');
  refused(store.putSync('a', 'outer', options), 'already_exists');
  assert.equal(store.getString('a'), 'inner');
  assert.equal(must(await later).version, 1);
  const operation = {
    type: 'put',
    key: 'b',
    get value() {
      must(store.batchSync([{ type: 'put', key: 'b', value: 'inner' }]));
      return 'outer';
    },
  };
  assert.equal(must(store.batchSync([operation, { type: 'remove', key: 'a' }])).firstVersion, 4);
  assert.equal(store.getString('b'), 'outer');
});

test('a getter that closes the store', async (t) => {
  for (const kind of Object.keys(KINDS)) {
    const work = workspace(t);
    const store = await opened(work, kind);
    let closing;
    const closes = {
      get ifVersion() {
        closing ??= store.close();
        return 0;
      },
    };
    refused(store.putSync('a', 'x', closes), 'invalid_state', 'the store is closed');
    refused(store.flushSync(), 'invalid_state', 'the store is closed');
    must(await closing);
  }
});

test('the iterations over the history hear of it', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const operations = store.operations({ follow: true });
  const first = operations.next();
  await nextTurn();
  must(store.putSync('a', '1'));
  assert.equal((await first).value.sequence, 1);
  await operations.return();
});

test('a snapshot does not see it, and compaction goes on beside it', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  for (let n = 0; n < 100; n += 1)
    must(store.batchSync([{ type: 'put', key: `k${n}`, value: 'x'.repeat(1000) }]));
  const snapshot = store.snapshot();
  const compacting = store.compact();
  for (let n = 0; n < 100; n += 1) must(store.putSync('k0', `${n}`));
  assert.equal(snapshot.get('k0').value().version, 1);
  must(await compacting);
  assert.equal(store.getString('k0'), '99');
  assert.equal(store.lastSequence(), 200);
});

test('views have them where they have the asynchronous ones', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const { orThrow } = store;
  assert.equal(orThrow.putSync('a', '1').version, 1);
  assert.throws(() => orThrow.putSync('a', '1', { ifVersion: 0 }), { code: 'already_exists' });
  assert.equal(orThrow.removeSync('a').deleted, true);
  assert.equal(orThrow.batchSync([{ type: 'put', key: 'a', value: '1' }]).firstVersion, 3);
  assert.equal(orThrow.applySync(Operation.remove('a')).deleted, true);
  assert.equal(orThrow.applyBatchSync([]).size, 0);
  assert.equal(orThrow.flushSync(), undefined);
  const users = store.as('json');
  assert.equal(must(users.putSync('user', { name: 'Ada' })).version, 5);
  refused(users.putSync('user', 1n), 'invalid_argument', /BigInt/);
  refused(users.putSync('user', 1, { ifVersion: 4 }), 'invalid_state');
  must(users.batchSync([{ type: 'put', key: 'user', value: { name: 'Grace' } }]));
  assert.deepEqual(users.getMany(['user']), [{ name: 'Grace' }]);
  assert.match(
    refused(users.batchSync([{ type: 'put', key: 'b', value: 1n }]), 'invalid_argument').context,
    /operation 0/,
  );
  assert.equal(must(users.removeSync('user')).deleted, true);
  assert.deepEqual(dump(store), []);
});
