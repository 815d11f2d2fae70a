// A consumer's acknowledgement can come with the batch that its operations led to: both are stored, or neither.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Operation } from '@softadastra/store';
import { dump, memoryStore, must, refused, workspace } from './helpers.mjs';

const MANUAL = { compaction: false };
const put = (key, value) => Operation.put(key, value, { timestamp: 1 });

async function filled(t, count = 10) {
  const work = workspace(t);
  const store = await work.open(undefined, MANUAL);
  for (let n = 0; n < count; n += 1) must(await store.put(`k${n}`, 'x'));
  const consumer = must(await store.consumer('inbox'));
  for await (const { sequence } of consumer.operations()) assert.ok(sequence <= count);
  return { work, store, consumer };
}

const reopened = async ({ work, store }) => {
  must(await store.close());
  const again = await work.open(undefined, MANUAL);
  return { again, consumer: must(await again.consumer('inbox')) };
};

test('one sync stores the operations and the position, and both survive a restart', async (t) => {
  const all = await filled(t);
  const { store, consumer } = all;
  const { syncs, groups } = store.stats();
  const acknowledge = { consumer, sequence: 7 };
  const applied = must(await store.applyBatch([put('a', '1'), put('b', '2')], { acknowledge }));
  assert.deepEqual([applied.firstVersion, applied.size], [11, 2]);
  assert.deepEqual([store.stats().syncs, store.stats().groups], [syncs + 1, groups + 1]);
  assert.equal(consumer.position(), 7);
  acknowledge.sequence = 9;
  must(store.applyBatchSync([Operation.remove('a')], { acknowledge }));
  assert.deepEqual([store.stats().syncs, consumer.position()], [syncs + 2, 9]);
  const { again, consumer: later } = await reopened(all);
  assert.deepEqual([later.position(), again.getString('b'), again.contains('a')], [9, '2', false]);
});

test('an entry that expires can come with it', async (t) => {
  const all = await filled(t);
  const expiresAt = Date.UTC(9000, 0);
  const operations = [{ operation: put('a', '1'), expiresAt }, put('b', '2')];
  const acknowledge = { consumer: all.consumer, sequence: 7 };
  must(await all.store.applyBatch(operations, { acknowledge }));
  const check = (store) => {
    const [a, b] = ['a', 'b'].map((key) => must(store.get(key)));
    assert.deepEqual([`${a.value}`, a.expiresAt, `${b.value}`], ['1', expiresAt, '2']);
    assert.equal(b.expiresAt, undefined);
  };
  check(all.store);
  const { again, consumer } = await reopened(all);
  check(again);
  assert.equal(consumer.position(), 7);
});

test('what was acknowledged with a batch is dropped by a compaction, and the position stays', async (t) => {
  const all = await filled(t);
  const { store, consumer } = all;
  must(await store.applyBatch([put('a', '1')], { acknowledge: { consumer, sequence: 6 } }));
  must(await store.put('b', '2'));
  assert.equal(must(await store.compact()).floor, 6);
  assert.equal(consumer.position(), 6);
  const sequences = [];
  for await (const { sequence } of consumer.operations()) sequences.push(sequence);
  assert.deepEqual(sequences, [7, 8, 9, 10, 11, 12]);
  const { consumer: later } = await reopened(all);
  assert.equal(later.position(), 6);
});

test('a removed consumer does not come back with the operations that it came with', async (t) => {
  const all = await filled(t);
  const { work, store, consumer } = all;
  must(await store.consumer('slow'));
  must(await store.applyBatch([put('a', '1')], { acknowledge: { consumer, sequence: 6 } }));
  must(await store.removeConsumer('inbox'));
  const slow = store.operations({ since: 0 });
  await slow.next();
  must(await store.removeConsumer('slow'));
  must(await store.compact());
  await slow.return();
  must(await store.close());
  const again = await work.open(undefined, MANUAL);
  assert.deepEqual(again.stats().consumers, []);
});

test('an acknowledgement alone is a batch without operations', async (t) => {
  const { store, consumer } = await filled(t);
  const nothing = must(await store.applyBatch([], { acknowledge: { consumer, sequence: 3 } }));
  assert.deepEqual([nothing.size, consumer.position(), store.lastSequence()], [0, 3, 10]);
  must(store.applyBatchSync([], { acknowledge: { consumer, sequence: 4 } }));
  assert.equal(consumer.position(), 4);
  for (const empty of [
    await store.applyBatch([], { acknowledge: { consumer, sequence: 2 } }),
    store.applyBatchSync([], { acknowledge: { consumer, sequence: 2 } }),
  ]) {
    refused(empty, 'invalid_argument', /from 4 to 10, not 2/);
  }
});

test('a batch whose acknowledgement is refused is not applied, and the other way round', async (t) => {
  const { store, consumer } = await filled(t);
  const ask = (sequence, operations = [put('a', '1')]) =>
    store.applyBatch(operations, { acknowledge: { consumer, sequence } });
  must(await ask(5));
  const before = store.lastSequence();
  refused(await ask(4), 'invalid_argument', /from 5 to 11, not 4/);
  refused(await ask(11), 'invalid_argument', /has read up to 10/);
  const stale = [{ operation: put('a', '2'), ifVersion: 3 }];
  refused(await ask(8, stale), 'invalid_state', /version mismatch/);
  assert.deepEqual([store.lastSequence(), consumer.position()], [before, 5]);
  must(await ask(5));
  must(await store.removeConsumer('inbox'));
  const gone = refused(await ask(6), 'not_found', 'unknown consumer "inbox"');
  assert.equal(gone.context, 'inbox');
  refused(await ask(6, []), 'not_found', /unknown consumer/);
  assert.equal(store.lastSequence(), before + 1);
});

test('calls that were made together keep their order, whatever is refused among them', async (t) => {
  const { store, consumer } = await filled(t);
  const ask = (key, sequence) =>
    store.applyBatch([put(key, 'x'), put(`${key}/2`, 'x')], {
      acknowledge: { consumer, sequence },
    });
  const calls = [
    store.put('first', '1'),
    ask('a', 4),
    store.put('first', '2', { ifVersion: 0 }),
    ask('b', 3),
    ask('c', 4),
    store.batch([{ type: 'put', key: 'between', value: '1' }]),
    ask('d', 9),
  ];
  const [first, a, second, b, c, batch, d] = await Promise.all(calls);
  assert.equal(must(first).version, 11);
  assert.deepEqual([must(a).firstVersion, must(c).firstVersion], [12, 14]);
  refused(second, 'already_exists');
  refused(b, 'invalid_argument', /from 4 to 10, not 3/);
  assert.deepEqual([must(batch).firstVersion, must(d).firstVersion], [16, 17]);
  assert.equal(consumer.position(), 9);
  assert.deepEqual(
    dump(store)
      .map(([key]) => key)
      .filter((key) => key.startsWith('b')),
    ['between'],
  );
});

test('bad acknowledgements are refused, and nothing is applied', async (t) => {
  const { work, store, consumer } = await filled(t);
  const other = await work.open('other.wal');
  const foreign = must(await other.consumer('inbox'));
  const wrong = [
    [null, /"acknowledge"|must be an object/],
    ['inbox', /must be an object/],
    [{}, /consumer of this store/],
    [{ consumer: 'inbox', sequence: 1 }, /consumer of this store/],
    [{ consumer: foreign, sequence: 0 }, /consumer of this store/],
    [{ consumer }, /sequence must be/],
    [{ consumer, sequence: -1 }, /sequence must be/],
    [{ consumer, sequence: 1, sequense: 1 }, /"sequence"/],
  ];
  for (const [acknowledge, message] of wrong) {
    refused(await store.applyBatch([put('a', '1')], { acknowledge }), 'invalid_argument', message);
    refused(store.applyBatchSync([], { acknowledge }), 'invalid_argument', message);
  }
  refused(await store.applyBatch([], { acknowledged: 1 }), 'invalid_argument', /"acknowledge"/);
  refused(await store.applyBatch([], 7), 'invalid_argument', /must be an object/);
  const memory = memoryStore(t);
  const acknowledge = { consumer, sequence: 1 };
  refused(
    await memory.applyBatch([put('a', '1')], { acknowledge }),
    'invalid_argument',
    /this store/,
  );
  assert.deepEqual([store.contains('a'), consumer.position(), memory.size()], [false, 0, 0]);
});
