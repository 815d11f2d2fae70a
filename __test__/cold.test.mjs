// A store that was opened by its index file answers as one whose log was replayed. A small library, made here with the C
// compiler, keeps the log from being replayed for as long as the test wants.

import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { must, runChild, workspace } from './helpers.mjs';
import { change, MANUAL, makeLog } from './indexed.mjs';
import { preloaded } from './preload.mjs';

/** The environment of a process in which nothing replays the log of a store that is open. */
function holding(t, work) {
  const flag = work.file('hold');
  writeFileSync(flag, '');
  return preloaded(t, work, 'held-warming', { HOLD_WARMING: flag });
}

async function agrees(work, env) {
  assert.ok(existsSync(work.file('cold.wal.index')));
  copyFileSync(work.file('cold.wal'), work.file('other.wal'));
  const child = await runChild('cold.mjs', [work.file('cold.wal'), work.file('other.wal')], {
    env,
  });
  assert.deepEqual([child.code, child.stderr], [0, '']);
  assert.equal(child.stdout, 'both agreed\n');
}

test('reads, writes and the history of a store that is not ready are those of one that is', async (t) => {
  const work = workspace(t);
  const env = holding(t, work);
  if (!env) return;
  await makeLog(work.file('cold.wal'));
  const config = StoreConfig.durable(work.file('cold.wal'), MANUAL);
  const store = work.track(must(await StoreEngine.open(config)));
  await change(store);
  must(await store.close());
  await agrees(work, env);
});

test('so they are after a kill', async (t) => {
  const work = workspace(t);
  const env = holding(t, work);
  if (!env) return;
  await makeLog(work.file('cold.wal'));
  const killed = await runChild('change.mjs', [work.file('cold.wal')]);
  assert.deepEqual([killed.signal, killed.stderr], ['SIGKILL', '']);
  await agrees(work, env);
});

/** Runs a case of not-ready.mjs with a log that was closed. */
async function notReady(t, name, prepare = () => undefined) {
  const work = workspace(t);
  const env = holding(t, work);
  if (!env) return;
  await makeLog(work.file());
  prepare(work.file());
  const child = await runChild('not-ready.mjs', [name, work.file()], { env });
  assert.deepEqual([child.code, child.stderr], [0, '']);
  assert.equal(child.stdout, 'done\n');
}

test('whoever waits for a store to be ready can give up, and nobody else does', (t) =>
  notReady(t, 'abort'));

test('a store that is not ready can be closed', (t) => notReady(t, 'close'));

test('a recovery replays the log of a store that is not ready', (t) => notReady(t, 'recover'));

test('a compaction and a backup wait until the store is ready, and writes go on', (t) =>
  notReady(t, 'rewrite'));

test('threads share a store that is not ready', (t) => notReady(t, 'threads'));

test('damage behind the index file fails every later call, changes nothing, and what was acknowledged can be salvaged', (t) =>
  notReady(t, 'damaged', (log) => {
    const bytes = readFileSync(log);
    bytes[bytes.indexOf('4444 the same words')] ^= 1;
    writeFileSync(log, bytes);
  }));
