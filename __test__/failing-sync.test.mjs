// A sync that fails stops writing until the log was read again: not one acknowledgement more, and reads go on. The
// failing sync is a small library, made here with the C compiler and loaded before the C library of a real process.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { test } from 'node:test';
import { childFile, workspace } from './helpers.mjs';
import { preloaded } from './preload.mjs';

/** Lets the child meet failing syncs, and gives what it said; nothing where that cannot be done. */
function meetFailingSyncs(t, work, options) {
  const flag = work.file('syncs-fail');
  const env = preloaded(t, work, 'failing-sync', { FAIL_SYNC: flag, ...options });
  if (!env) return undefined;
  const args = [childFile('failing-sync.mjs'), work.file(), flag];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  assert.deepEqual([status, stderr], [0, '']);
  return JSON.parse(stdout);
}

function checkStopped(said, file) {
  assert.deepEqual(said.before, ['ok', 'ok']);
  for (const failed of said.failing) {
    assert.equal(failed.code, 'io_error', JSON.stringify(said.failing));
    assert.match(failed.message, /WAL flush failed at sequence 3, byte \d+, outcome unknown: /);
    assert.ok(failed.message.includes(file), failed.message);
  }
  assert.deepEqual([said.visible, said.poisoned], [['before/1', 'before/2'], true]);
  assert.equal(said.reads, 'value');
  assert.equal(said.later[0].code, 'invalid_state');
  assert.match(said.later[0].message, /writing is stopped since a WAL flush failed/);
  assert.notEqual(said.healed[0], 'ok', 'nothing is acknowledged before the log was read anew');
  assert.equal(said.recovered, 'ok');
  assert.deepEqual([said.after, said.poisonedAfter], [['ok'], false]);
}

async function checkLog(said, work) {
  const store = await work.open();
  assert.deepEqual([...store.keys()], said.keys);
  // Of one group either all is there or nothing.
  assert.equal(store.contains('doubt/1'), store.contains('doubt/2'));
  assert.equal(store.contains('later/1') || store.contains('later/2'), false);
}

test('a failed sync stops writing until the store is recovered, and reads go on', async (t) => {
  const work = workspace(t);
  const said = meetFailingSyncs(t, work, {});
  if (!said) return;
  checkStopped(said, work.file());
  assert.equal(said.recoverWhileFailing.code, 'io_error', 'recovery syncs, so it fails as well');
  await checkLog(said, work);
});

test('a sync that failed once is not tried again, although the kernel would call it a success', async (t) => {
  const work = workspace(t);
  const said = meetFailingSyncs(t, work, { FAIL_ONCE: '1' });
  if (!said) return;
  checkStopped(said, work.file());
  await checkLog(said, work);
});
