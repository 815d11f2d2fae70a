// One log has one owner, whatever becomes of its lock file and whatever names it has; and what is made of a log is for
// nobody's eyes but those that it was for.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { SnapshotBuilderStore, StoreConfig, StoreEngine, salvage } from '@softadastra/store';
import { command, ran, runCommand } from './cli-support.mjs';
import { childFile, must, refused, runChild, workspace } from './helpers.mjs';

const noPosix = process.platform === 'win32' && 'rights of files differ on Windows';
const notRoot = process.getuid?.() !== 0 && 'only root can become somebody else';
const STRANGER = { uid: 65534, gid: 65534 };

async function openElsewhere(file, options) {
  const child = await runChild('open.mjs', [file], options);
  assert.deepEqual([child.code, child.stderr], [0, '']);
  return JSON.parse(child.stdout);
}

test('removing the lock file lets no other process in, and reads go on', async (t) => {
  const { file, open } = workspace(t);
  const store = await open();
  must(await store.put('a', '1'));
  const check = async () => {
    rmSync(`${file()}.lock`);
    const other = await openElsewhere(file());
    assert.deepEqual([other.ok, other.code], [false, 'invalid_state']);
    assert.match(other.message, /locked/);
    assert.equal((await ran(['get', file(), 'a'])).stdout, '1');
    const put = await runCommand(['put', file(), 'b', '2']);
    assert.equal(put.code, 2);
    assert.match(put.stderr, /locked/);
    refused(await salvage(file(), file('saved.wal')), 'invalid_state', /locked/);
    assert.equal(must(await SnapshotBuilderStore.build(file())).size(), store.size());
  };
  await check();
  must(await store.compact());
  await check();
  must(await store.recover());
  await check();
  must(await store.put('c', '3'));
  must(await store.close());
  assert.deepEqual(await openElsewhere(file()), { ok: true, size: 2 });
});

test('another name of a log is the same log', async (t) => {
  const { file, open } = workspace(t);
  const store = await open();
  must(await store.put('a', '1'));
  linkSync(file(), file('other.wal'));
  const other = await openElsewhere(file('other.wal'));
  assert.deepEqual([other.ok, other.code], [false, 'invalid_state']);
  const here = await StoreEngine.open(StoreConfig.durable(file('other.wal')));
  // Windows refuses without saying whom.
  refused(here, 'invalid_state', /already open in this process|another opener/);
  must(await store.close());
  assert.deepEqual(await openElsewhere(file('other.wal')), { ok: true, size: 1 });
});

test('a second opener of the same thread is told so, and no process is named', async (t) => {
  const { file, open } = workspace(t);
  await open();
  const error = refused(await StoreEngine.open(StoreConfig.durable(file())), 'invalid_state');
  assert.match(error.message, /already open in this thread/);
  assert.doesNotMatch(error.message, /process \d/);
});

test('a process of another container is not named by a number that means another one here', async (t) => {
  const { file } = workspace(t);
  const inside = ['--pid', '--fork', '--kill-child', '--mount-proc'];
  if (spawnSync('unshare', [...inside, 'true']).status !== 0) {
    t.skip('no container can be made');
    return;
  }
  const args = [...inside, process.execPath, childFile('open.mjs'), file(), 'hold'];
  const child = spawn('unshare', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
  assert.equal(JSON.parse(line).ok, true);
  const error = refused(await StoreEngine.open(StoreConfig.durable(file())), 'invalid_state');
  assert.match(error.message, /locked by a process of another container/);
  child.stdin.end();
  await once(child, 'exit');
});

test('what is made of a log or beside it is no more readable than the log', {
  skip: noPosix,
}, async (t) => {
  const before = process.umask(0o022);
  t.after(() => process.umask(before));
  for (const mode of [0o600, 0o640, 0o660, 0o644]) {
    const { dir, file, open } = workspace(t);
    must(await (await open()).close());
    chmodSync(file(), mode);
    rmSync(`${file()}.lock`);
    rmSync(`${file()}.durable`);
    const store = await open();
    must(await store.put('a', '1'));
    must(await store.compact());
    must(await store.put('b', '2'));
    must(await store.backup(file('copy.wal')));
    copyFileSync(file(), file('torn.wal'));
    truncateSync(file('torn.wal'), store.stats().logBytes - 8);
    must(await store.close());
    const torn = await open('torn.wal');
    assert.ok(torn.recoveryReport().cutSavedTo);
    must(await salvage(file(), file('saved.wal')));
    for (const name of readdirSync(dir)) {
      assert.equal((statSync(file(name)).mode & 0o777).toString(8), mode.toString(8), name);
    }
  }
});

test('a service can go on with its log after commands of an administrator', {
  skip: noPosix || notRoot,
}, async (t) => {
  const { dir, file } = workspace(t);
  chownSync(dir, STRANGER.uid, STRANGER.gid);
  assert.equal((await openElsewhere(file(), STRANGER)).ok, true);
  chmodSync(file(), 0o600);
  rmSync(`${file()}.lock`);
  for (const args of [
    ['put', file(), 'a', '1'],
    ['compact', file()],
  ])
    await ran(args);
  for (const name of ['store.wal', 'store.wal.lock']) {
    const { uid, gid, mode } = statSync(file(name));
    assert.deepEqual([uid, gid, mode & 0o777], [STRANGER.uid, STRANGER.gid, 0o600], name);
  }
  assert.deepEqual(await openElsewhere(file(), STRANGER), { ok: true, size: 1 });
});

test('a log whose group cannot be kept is read by nobody new after a compaction', {
  skip: noPosix || notRoot,
}, async (t) => {
  const { dir, file, open } = workspace(t);
  chmodSync(dir, 0o777);
  must(await (await open()).close());
  chmodSync(file(), 0o666);
  chmodSync(`${file()}.lock`, 0o666);
  const run = (mode) => {
    chownSync(file(), 0, 0);
    chmodSync(file(), mode);
    return spawnSync(process.execPath, [command, 'compact', file()], STRANGER);
  };
  assert.equal(run(0o666).status, 0);
  assert.equal(statSync(file()).mode & 0o777, 0o666);
  assert.equal(run(0o646).status, 0);
  assert.equal(statSync(file()).mode & 0o070, 0o040, 'a group keeps what all others had');
});

test('a folder that may not be read, or not entered, is what the error names', {
  skip: noPosix || notRoot,
}, async (t) => {
  const { file } = workspace(t);
  chmodSync(file('.'), 0o755);
  for (const mode of [0o300, 0o200, 0o000]) {
    const folder = file(`folder-${mode}`);
    mkdirSync(folder);
    chownSync(folder, STRANGER.uid, STRANGER.gid);
    chmodSync(folder, mode);
    const { ok, code, message } = await openElsewhere(`${folder}/store.wal`, STRANGER);
    assert.deepEqual([ok, code, message], [false, 'io_error', `permission denied: ${folder}`]);
    assert.deepEqual(readdirSync(folder), []);
  }
});
