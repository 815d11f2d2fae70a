// A sync that fails stops writing until the log was read again: not one acknowledgement more, and reads go on. The
// failing sync is a small library, made here with the C compiler and loaded before the C library of a real process.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { test } from 'node:test';
import { childFile, workspace } from './helpers.mjs';
import { preloaded } from './preload.mjs';

test('a failed sync stops writing until the store is recovered, and reads go on', async (t) => {
  const work = workspace(t);
  const flag = work.file('syncs-fail');
  const env = preloaded(t, work, 'failing-sync', { FAIL_SYNC: flag });
  if (!env) return;
  const args = [childFile('failing-sync.mjs'), work.file(), flag];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  assert.deepEqual([status, stderr], [0, '']);
  const said = JSON.parse(stdout);

  assert.deepEqual(said.before, ['ok', 'ok']);
  for (const failed of said.failing) {
    assert.equal(failed.code, 'io_error');
    assert.match(failed.message, /WAL flush failed at sequence 3, byte \d+, outcome unknown: /);
    assert.ok(failed.message.includes(work.file()), failed.message);
  }
  assert.deepEqual([said.visible, said.poisoned], [['before/1', 'before/2'], true]);
  assert.equal(said.reads, 'value');
  assert.equal(said.later[0].code, 'invalid_state');
  assert.match(said.later[0].message, /writing is stopped since a WAL flush failed/);
  assert.equal(said.recoverWhileFailing.code, 'io_error', 'recovery syncs, so it fails as well');
  assert.notEqual(said.healed[0], 'ok', 'nothing is acknowledged before the log was read anew');
  assert.equal(said.recovered, 'ok');
  assert.deepEqual([said.after, said.poisonedAfter], [['ok'], false]);

  const store = await work.open();
  assert.deepEqual([...store.keys()], said.keys);
  // Of one group either all is there or nothing.
  assert.equal(store.contains('doubt/1'), store.contains('doubt/2'));
  assert.equal(store.contains('later/1') || store.contains('later/2'), false);
});
