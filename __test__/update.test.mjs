// An update reads an entry, changes it and writes it, and no write of anybody else is lost between.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Key, UpdateResult, Value } from '@softadastra/store';
import { dump, memoryStore, must, refused, workspace } from './helpers.mjs';
import { threads } from './thread.mjs';

const count = (entry) => String(Number(entry?.value ?? 0) + 1);

test('an update creates, changes, leaves and removes an entry, and says which', async (t) => {
  const store = memoryStore(t);
  const outcome = async (change) => {
    const result = must(await store.update(new Key('a'), change));
    assert.ok(result instanceof UpdateResult);
    const { key, version, created, updated, deleted, tries } = result;
    assert.deepEqual([key, tries], ['a', 1]);
    return [version, created, updated, deleted];
  };
  assert.deepEqual(await outcome(() => null), [0, false, false, false]);
  assert.deepEqual(await outcome(() => 'x'), [1, true, false, false]);
  assert.deepEqual(await outcome((entry) => entry), [1, false, false, false]);
  assert.deepEqual(await outcome(({ value }) => Value.fromString(`${value}y`)), [
    2,
    false,
    true,
    false,
  ]);
  assert.deepEqual(await outcome(({ value }) => value.toBytes()), [3, false, true, false]);
  assert.deepEqual(dump(store), [['a', 'xy', 3]]);
  assert.deepEqual(await outcome(() => null), [4, false, false, true]);
  assert.deepEqual(dump(store), []);
});

test('an update begins again when the entry was written after it was read', async (t) => {
  const store = memoryStore(t);
  must(await store.put('a', '1'));
  const seen = [];
  const updating = store.update('a', (entry) => {
    seen.push(entry.value.toString());
    return `${entry.value}+`;
  });
  const [written, removed] = [store.put('a', '2'), store.remove('b')];
  assert.equal(must(await updating).tries, 1, 'the update was called before');
  must(await written);
  must(await removed);
  assert.equal(store.getString('a'), '2');

  const put = store.put('a', '3');
  const { tries, version } = must(await store.update('a', (entry) => `${entry.value}+`));
  must(await put);
  assert.deepEqual([tries, version, store.getString('a')], [2, 6, '3+']);
  assert.deepEqual(seen, ['1']);
});

test('an update sees that the entry appeared or went', async (t) => {
  const store = memoryStore(t);
  const put = store.put('a', '1');
  assert.equal(must(await store.update('a', count)).tries, 2);
  const removal = store.remove('a');
  assert.deepEqual(must(await store.update('a', (entry) => entry?.value ?? 'none')).tries, 2);
  assert.equal(store.getString('a'), 'none');
  must(await put);
  must(await removal);
});

test('updates of one key wait for each other and lose nothing', async (t) => {
  for (const store of [memoryStore(t), await workspace(t).open()]) {
    const updates = Array.from({ length: 300 }, () => store.update('a', count));
    const results = (await Promise.all(updates)).map(must);
    assert.equal(store.getString('a'), '300');
    assert.deepEqual(
      results.map(({ version }) => version),
      Array.from(results, (_, n) => n + 1),
    );
    assert.ok(results.every(({ tries }) => tries === 1));
  }
});

test('an asynchronous function is awaited, and may update the same key', async (t) => {
  const store = memoryStore(t);
  const slowly = Array.from({ length: 10 }, () =>
    store.update('a', async (entry) => {
      await turn();
      return count(entry);
    }),
  );
  for (const result of await Promise.all(slowly)) must(result);
  assert.equal(store.getString('a'), '10');
  let inner = 0;
  const nested = await store.update('a', async (entry) => {
    if (inner === 0) {
      inner = must(await store.update('a', count)).version;
    }
    return count(entry);
  });
  assert.deepEqual([must(nested).tries, inner, store.getString('a')], [2, 11, '12']);
});

test('threads that count by updates lose nothing', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const others = await threads(t, 2, work.file());
  const counting = others.map((thread) => thread.call('update', 'a', 100));
  const own = Array.from({ length: 100 }, () => store.update('a', count, { tries: 1e6 }));
  for (const result of await Promise.all(own)) must(result);
  await Promise.all(counting);
  assert.equal(store.getString('a'), '300');
});

test('a function that writes the key itself is given up after the tries', async (t) => {
  const store = memoryStore(t);
  let calls = 0;
  const change = () => {
    calls += 1;
    must(store.putSync('a', 'own'));
    return 'never';
  };
  const error = refused(
    await store.update('a', change, { tries: 7 }),
    'invalid_state',
    'the entry was changed during each of 7 tries, by others, or by the function of update itself',
  );
  assert.deepEqual([error.context, calls], ['a', 7]);
  refused(await store.update('a', change), 'invalid_state', /each of 100 tries/);
  refused(await store.update('a', change, { tries: 1 }), 'invalid_state', /during the one try/);
  assert.deepEqual(dump(store), [['a', 'own', 108]]);
});

test('what the function throws rejects the promise, and the next update goes on', async (t) => {
  const store = memoryStore(t);
  const thrown = new Error('on purpose');
  const throwing = () => {
    throw thrown;
  };
  const first = store.update('a', throwing);
  const second = store.update('a', async () => throwing());
  const third = store.update('a', count);
  await assert.rejects(first, thrown);
  await assert.rejects(second, thrown);
  assert.deepEqual([must(await third).version, dump(store)], [1, [['a', '1', 1]]]);
  await assert.rejects(store.orThrow.update('a', throwing), thrown);
  assert.equal((await store.orThrow.update('a', count)).version, 2);
});

test('what cannot be stored is refused and stores nothing', async (t) => {
  const store = memoryStore(t);
  must(await store.put('a', '1'));
  const nothing = /returned undefined: it returns the new value, null/;
  refused(await store.update('a', () => undefined), 'invalid_argument', nothing);
  refused(await store.update('none', (entry) => entry), 'invalid_argument', nothing);
  for (const made of [1, {}, [], true, '\ud800', () => 'x']) {
    refused(await store.update('a', () => made), 'invalid_argument', /value/);
  }
  for (const change of [undefined, null, 'x', {}]) {
    refused(await store.update('a', change), 'invalid_argument', /must be a function/);
  }
  for (const key of ['', '\ud800', 1, null, undefined]) {
    let called = false;
    const change = () => {
      called = true;
      return 'x';
    };
    refused(await store.update(key, change), 'invalid_argument', /key/);
    assert.equal(called, false);
  }
  for (const tries of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '1', null]) {
    refused(await store.update('a', count, { tries }), 'invalid_argument', /tries must be/);
  }
  refused(await store.update('a', count, { trie: 1 }), 'invalid_argument', /did you mean "tries"/);
  refused(await store.update('a', count, 5), 'invalid_argument', /must be an object/);
  assert.deepEqual(dump(store), [['a', '1', 1]]);
});

test('a store that is closed while the function runs is not written', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  must(await store.put('a', '1'));
  for (const change of [count, (entry) => entry]) {
    const open = await work.open('other.wal');
    const updating = open.update('a', async (entry) => {
      must(await open.close());
      return change(entry ?? { value: 1 });
    });
    refused(await updating, 'invalid_state', 'the store is closed');
  }
});

test('an update of a typed store shows and stores values of its type', async (t) => {
  const json = memoryStore(t).as('json');
  const add = (entry) => ({ n: (entry?.value.n ?? 0) + 1 });
  assert.equal(must(await json.update('a', add)).created, true);
  assert.equal(must(await json.update('a', async (entry) => add(entry))).updated, true);
  assert.deepEqual(must(json.get('a')).value, { n: 2 });
  assert.equal(must(await json.update('a', (entry) => entry)).updated, false);
  assert.equal(must(await json.update('a', () => null)).updated, true);
  assert.equal(must(json.get('a')).value, null);
  refused(await json.update('a', () => undefined), 'invalid_argument', /does not encode as JSON/);
  refused(await json.update('a', () => 1n), 'invalid_argument', /does not encode as JSON/);
});

test('an update of a value that does not decode changes nothing', async (t) => {
  const store = memoryStore(t);
  must(await store.put('a', '{'));
  let calls = 0;
  const change = () => {
    calls += 1;
    return 1;
  };
  refused(await store.as('json').update('a', change), 'store_error', /does not decode as JSON/);
  assert.deepEqual([calls, dump(store)], [0, [['a', '{', 1]]]);
});
