import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { memoryStore, must, workspace } from './helpers.mjs';

test('orThrow gives the values of results', async (t) => {
  const work = workspace(t);
  const store = must(await StoreEngine.open(StoreConfig.durable(work.file())));
  const { orThrow } = store;
  const { version, created } = await orThrow.put('a', '1');
  assert.deepEqual([version, created], [1, true]);
  assert.equal(orThrow.get('a').value.toString(), '1');
  assert.equal((await orThrow.batch([{ type: 'remove', key: 'a' }])).results.length, 1);
  assert.equal((await orThrow.remove('a')).deleted, false);
  const consumer = await orThrow.consumer('outbox');
  assert.equal(consumer.position(), 0);
  assert.equal(await orThrow.removeConsumer('outbox'), undefined);
  await orThrow.flush();
  assert.ok((await orThrow.compact()).bytesAfter > 0);
  await orThrow.backup(work.file('copy.wal'));
  assert.equal((await orThrow.recover()).lastSequence, 3);
  assert.equal(await orThrow.close(), undefined);
  assert.throws(() => store.size(), { code: 'invalid_state' });
});

test('orThrow throws and rejects with the errors of results', async (t) => {
  const store = memoryStore(t);
  const { orThrow } = store;
  assert.throws(() => orThrow.get('none'), { code: 'not_found' });
  await assert.rejects(orThrow.put('', 'x'), { code: 'invalid_argument' });
  await assert.rejects(orThrow.put('a', 'x', { ifVersion: 7 }), { code: 'invalid_state' });
  await orThrow.close();
  await assert.rejects(orThrow.put('a', 'x'), { code: 'invalid_state' });
  assert.throws(() => orThrow.get('a'), { code: 'invalid_state' });
});
