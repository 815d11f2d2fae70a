// The commands that read show what is committed: not what the process that writes may still take back.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { readLog } from '@softadastra/store';
import { ran, runCommand } from './cli-support.mjs';
import { childFile, dump, filesOf, must, refused, workspace } from './helpers.mjs';
import { preloaded } from './preload.mjs';

const READERS = [['inspect'], ['stats'], ['verify'], ['keys'], ['dump'], ['get', 'key']];

/** A writer that waits for the sync of its last frame. */
async function heldWriter(t, work, log) {
  const variables = { HOLD_NAME: 'held-', HOLD_SYNC: work.file('hold') };
  const env = preloaded(t, work, 'held-sync', variables);
  if (!env) return undefined;
  const stdio = ['ignore', 'pipe', 'inherit'];
  const child = spawn(process.execPath, [childFile('held-write.mjs'), log], { env, stdio });
  t.after(() => child.kill('SIGKILL'));
  const [said] = await once(child.stdout, 'data');
  assert.equal(`${said}`, 'held\n');
  return child;
}

async function keysOf(log) {
  return (await ran(['keys', log])).stdout.trim().split('\n');
}

test('a log is read while a process has it open, and refuses to be written', async (t) => {
  const { open, file } = workspace(t);
  const store = await open();
  must(await store.put('key', 'value'));
  for (const [name, ...rest] of READERS) await ran([name, file(), ...rest]);
  assert.equal((await ran(['get', file(), 'key'])).stdout, 'value');
  const { code, stderr } = await runCommand(['put', file(), 'key', 'other']);
  assert.equal(code, 2);
  assert.match(stderr, /open|locked/);
  must(await store.put('later', 'x'));
  assert.deepEqual(dump(store), [
    ['key', 'value', 1],
    ['later', 'x', 2],
  ]);
});

test('a frame that waits for its sync is shown by no command, and changes nothing about the exit codes', async (t) => {
  const work = workspace(t);
  const log = work.file('held-1.wal');
  const child = await heldWriter(t, work, log);
  if (!child) return;
  const files = filesOf(work.dir);
  assert.deepEqual(await keysOf(log), ['before']);
  assert.equal((await runCommand(['get', log, 'late'])).code, 1);
  assert.equal((await ran(['get', log, 'before'])).stdout, '1');
  const lines = (await ran(['dump', log])).stdout.trim().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).key),
    ['before'],
  );
  assert.equal(JSON.parse((await ran(['stats', log, '--json'])).stdout).entries, 1);
  assert.equal(JSON.parse((await ran(['inspect', log, '--json'])).stdout).entries, 1);
  assert.equal(must(await readLog(log, { committed: true })).lastSequence(), 1);
  assert.equal(must(await readLog(log)).lastSequence(), 2);
  assert.deepEqual(filesOf(work.dir), files);

  // Nobody says what a process may take back that has a copy open: nobody has.
  const copy = work.file('copy.wal');
  copyFileSync(log, copy);
  assert.deepEqual(await keysOf(copy), ['before', 'late']);

  rmSync(work.file('hold'));
  assert.deepEqual(await once(child, 'close'), [0, null]);
  assert.deepEqual(await keysOf(log), ['before', 'late']);
});

test('a log whose writer was killed is read up to what was acknowledged, until it is opened', async (t) => {
  const work = workspace(t);
  const log = work.file('held-2.wal');
  const child = await heldWriter(t, work, log);
  if (!child) return;
  child.kill('SIGKILL');
  rmSync(work.file('hold'));
  await once(child, 'close');
  assert.deepEqual(await keysOf(log), ['before']);
  await ran(['put', log, 'next', '3']);
  assert.deepEqual(await keysOf(log), ['before', 'late', 'next']);
});

test('damage is found wherever it is, also where nothing is shown', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  for (const key of ['a', 'b', 'c']) must(await store.put(key, 'x'));
  const bytes = readFileSync(work.file());
  bytes[bytes.indexOf('SDFR') + 8] ^= 1;
  must(await store.close());
  const sound = readFileSync(work.file());
  writeFileSync(work.file(), bytes);
  for (const [name, ...rest] of READERS) {
    const { code, stderr, stdout } = await runCommand([name, work.file(), ...rest]);
    assert.equal(code, name === 'verify' ? 1 : 2, `${name}: ${stderr}`);
    assert.match(stdout + stderr, /corrupt|damaged|cannot be read/);
  }
  writeFileSync(work.file(), sound);
  assert.deepEqual(await keysOf(work.file()), ['a', 'b', 'c']);
});

test('what is no boolean is refused', async (t) => {
  const { file } = workspace(t);
  refused(await readLog(file(), { committed: 1 }), 'invalid_argument', /committed must be true or/);
  refused(await readLog(file(), { comitted: true }), 'invalid_argument', /mean "committed"/);
});
