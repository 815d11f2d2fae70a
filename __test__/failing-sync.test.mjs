// A sync that fails stops writing until the log was read again: not one acknowledgement more, and reads go on. The
// failing sync is a small library, made here with the C compiler and loaded before the C library of a real process.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { childFile, must, workspace } from './helpers.mjs';
import { preloaded } from './preload.mjs';

/** Lets the child meet failing syncs, and gives what it said; nothing where that cannot be done. */
function meetFailingSyncs(t, work, options, ...more) {
  const flag = work.file('syncs-fail');
  const env = preloaded(t, work, 'failing-sync', { FAIL_SYNC: flag, ...options });
  if (!env) return undefined;
  const args = [childFile('failing-sync.mjs'), work.file(), flag, ...more];
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
  assert.match(said.later[0].message, /writing has stopped because a WAL flush failed/);
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

test('a failed sync of a call that is done when it returns fails what shared its group as well', async (t) => {
  const work = workspace(t);
  const said = meetFailingSyncs(t, work, {}, 'sync');
  if (!said) return;
  checkStopped(said, work.file());
  await checkLog(said, work);
});

test('a sync that failed once is not tried again, although the kernel would call it a success', async (t) => {
  const work = workspace(t);
  const said = meetFailingSyncs(t, work, { FAIL_ONCE: '1' });
  if (!said) return;
  checkStopped(said, work.file());
  await checkLog(said, work);
});

for (const [name, number] of [
  ['EINVAL', 22],
  ['ENOTSUP', 95],
]) {
  test(`a file system that gives ${name} for the sync of a folder is named, and a closed log can be read there`, async (t) => {
    const work = workspace(t);
    const store = await work.open();
    must(await store.put('key', 'value'));
    must(await store.close());
    const env = preloaded(t, work, 'failing-folder-sync', { FAIL_FOLDER_SYNC: `${number}` });
    if (!env) return;
    const args = [childFile('failing-opens.mjs'), work.file('new.wal'), work.file()];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
    assert.deepEqual([status, stderr], [0, '']);
    const said = JSON.parse(stdout);
    for (const message of [said.made, ...said.written, said.compacted, said.closed]) {
      assert.match(message, /does not sync folders: fsync of the folder: /);
      assert.ok(message.endsWith(`: ${realpathSync(work.dir)}`), message);
    }
    assert.deepEqual([said.read, said.reads, said.poisoned], ['value', 'value', false]);
    const after = await work.open();
    assert.equal(after.getString('key'), 'value');
    must(await after.put('key', 'other'));
  });
}

test('a closed log is opened and read while no sync works, and a write to it is not acknowledged', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  must(await store.put('key', 'value'));
  must(await store.close());
  const env = preloaded(t, work, 'failing-sync', { FAIL_SYNC: work.file() });
  if (!env) return;
  const args = [childFile('failing-opens.mjs'), work.file('new.wal'), work.file()];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  assert.deepEqual([status, stderr], [0, '']);
  const said = JSON.parse(stdout);
  assert.notEqual(said.made, 'ok');
  assert.deepEqual([said.read, said.reads, said.poisoned], ['value', 'value', true]);
  assert.match(said.written[0], /WAL flush failed at sequence 2, byte \d+, outcome unknown: /);
  assert.match(said.written[1], /writing has stopped because a WAL flush failed/);
  assert.notEqual(said.closed, 'ok');
  assert.equal((await work.open()).getString('key'), 'value');
});
