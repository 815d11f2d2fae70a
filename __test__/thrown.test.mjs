// Getters, proxies and signals of the caller may throw, anything and at any time: a call that can fail answers with an error
// all the same, and always answers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SnapshotBuilderStore, StoreConfig, StoreEngine, salvage } from '@softadastra/store';
import { must, refused, throws, workspace } from './helpers.mjs';

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

/** What can be thrown, some of which cannot even be turned into text. */
const THROWN = [
  new Error('mine'),
  undefined,
  Symbol('mine'),
  Object.create(null),
  { message: 7, toString: () => Object.create(null) },
  {
    get message() {
      throw new Error('again');
    },
  },
  {
    get code() {
      throw new Error('again');
    },
  },
  { code: 'not_found', message: Object.create(null) },
  revoked(),
];

test('whatever the code of a caller throws is an error of the call, with what was thrown as its cause', async (t) => {
  const store = await workspace(t).open();
  must(await store.put('key', 'value'));
  for (const [at, thrown] of THROWN.entries()) {
    const hostile = new Proxy(
      {},
      {
        get() {
          throw thrown;
        },
      },
    );
    const options = {
      get ifVersion() {
        throw thrown;
      },
    };
    const snapshot = store.snapshot();
    const results = {
      put: await store.put('key', 'x', options),
      'put of a key': await store.put(hostile, 'x'),
      'put of a value': await store.put('key', hostile),
      remove: await store.remove('key', options),
      batch: await store.batch([{ type: 'put', key: 'key', value: 'x' }, hostile]),
      apply: await store.apply(hostile),
      compact: await store.compact(hostile),
      get: store.get(hostile),
      'get of a snapshot': snapshot.get(hostile),
    };
    for (const [call, result] of Object.entries(results)) {
      const error = refused(result, 'internal_error');
      assert.equal(error.cause, thrown, `${call} of what was thrown ${at}`);
      assert.equal(typeof error.message, 'string');
    }
    throws(() => store.getString(hostile), 'internal_error');
    throws(() => store.getMany([hostile]), 'internal_error');
  }
  assert.deepEqual([...store.keys()], ['key']);
  assert.equal(store.lastSequence(), 1);
});

/** A signal that is somebody's own, and does not do one of its things. */
function signalWithout(name) {
  const fail = () => {
    throw new Error(name);
  };
  let looks = 0;
  return {
    addEventListener: name === 'addEventListener' ? fail : () => undefined,
    removeEventListener: name === 'removeEventListener' ? fail : () => undefined,
    get aborted() {
      looks += 1;
      // It is looked at when the options are read.
      return name === 'aborted' && looks > 1 ? fail() : name === 'reason' && looks > 1;
    },
    get reason() {
      return fail();
    },
  };
}

for (const name of ['removeEventListener', 'addEventListener', 'aborted', 'reason']) {
  test(`a call whose signal throws from ${name} has its end, and so have the calls after it`, async (t) => {
    const work = workspace(t);
    const store = await work.open();
    must(await store.put('key', 'value'));
    const signal = () => ({ signal: signalWithout(name) });
    const other = StoreConfig.durable(work.file('other.wal'));
    const opened = await StoreEngine.open(other, signal());
    if (opened.isOk()) work.track(opened.value());
    const results = [
      opened,
      await store.compact(signal()),
      await store.backup(work.file('copy.wal'), signal()),
      await SnapshotBuilderStore.build(work.file(), signal()),
      await salvage(work.file('copy.wal'), work.file('salvaged.wal'), signal()),
      await store.recover(signal()),
    ];
    const fails = name === 'addEventListener' || name === 'reason';
    // One that throws when it is looked at is refused or not, by when that is.
    if (name !== 'aborted') assert.ok(results.every((result) => result.isErr() === fails));
    const iterator = store.operations({ ...signal(), since: 1 });
    if (name === 'addEventListener') {
      await assert.rejects(() => iterator.next(), /addEventListener/);
    } else {
      await iterator.next();
      await iterator.return();
    }
    must(await store.recover());
    must(await store.put('key', 'again'));
    must(await store.compact());
    must(await store.close());
  });
}
