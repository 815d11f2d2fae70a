// What the command says of a log is what is in the log, whatever lies beside it.

import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { ran, runCommand } from './cli-support.mjs';
import { filesOf, must, workspace } from './helpers.mjs';
import { change, makeLog } from './indexed.mjs';

async function indexedLog(t) {
  const work = workspace(t);
  await makeLog(work.file());
  return { ...work, log: work.file(), index: work.file('store.wal.index') };
}

const reading = [
  ['verify', '--json'],
  ['stats', '--json'],
  ['keys'],
  ['get', 'back'],
  ['dump'],
  ['inspect', '--json'],
];

/** Runs the commands that only read, checks that they leave every file as it is, and gives what they say. */
async function read({ log, dir }) {
  const files = filesOf(dir);
  const said = [];
  for (const [name, ...rest] of reading) said.push((await ran([name, log, ...rest])).stdout);
  assert.deepEqual(filesOf(dir), files);
  return said;
}

test('commands that read say the same with any index file and with none, and make none', async (t) => {
  const work = await indexedLog(t);
  const expected = await read(work);
  const stale = readFileSync(work.index);
  for (const bytes of [Buffer.alloc(0), Buffer.from('nonsense'), stale.fill(0xff, 9000)]) {
    writeFileSync(work.index, bytes);
    assert.deepEqual(await read(work), expected);
  }
  rmSync(work.index);
  assert.deepEqual(await read(work), expected);
  mkdirSync(work.index);
  const said = [];
  for (const [name, ...rest] of reading) said.push((await ran([name, work.log, ...rest])).stdout);
  assert.deepEqual(said, expected);
});

test('verify finds damage behind a good index file, and salvage needs no index file', async (t) => {
  const work = await indexedLog(t);
  const bytes = readFileSync(work.log);
  bytes[bytes.indexOf('4444 the same words')] ^= 1;
  writeFileSync(work.log, bytes);
  const files = filesOf(work.dir);
  const { code, stdout } = await runCommand(['verify', work.log, '--json']);
  assert.deepEqual([code, JSON.parse(stdout).whole], [1, false]);
  for (const name of ['keys', 'dump', 'stats', 'inspect']) {
    assert.equal((await runCommand([name, work.log])).code, 2, name);
  }
  assert.deepEqual(filesOf(work.dir), files);
  await ran(['salvage', work.log, work.file('saved.wal')]);
  assert.ok(readFileSync(work.log).equals(bytes));
  assert.equal(existsSync(work.file('saved.wal.index')), false);
  const saved = JSON.parse((await ran(['verify', work.file('saved.wal'), '--json'])).stdout);
  assert.equal(saved.entries, 4000);
});

test('commands that write leave an index file that fits, and a backup has none of another log', async (t) => {
  const work = await indexedLog(t);
  const before = await work.open();
  await change(before);
  const size = before.size();
  must(await before.close());
  await ran(['put', work.log, 'more', 'x']);
  await ran(['remove', work.log, 'later/0']);
  await ran(['backup', work.log, work.file('backup.wal')]);
  assert.equal(existsSync(work.file('backup.wal.index')), false);
  await ran(['compact', work.log]);
  for (const name of ['store.wal', 'backup.wal']) {
    const store = await work.open(name);
    assert.equal(store.stats().indexFailure, undefined);
    assert.deepEqual([store.size(), store.getString('more')], [size, 'x']);
    must(await store.close());
  }
  // An index file that is left from a log of the same name.
  copyFileSync(work.index, work.file('next.wal.index'));
  await ran(['backup', work.log, work.file('next.wal')]);
  assert.equal((await ran(['get', work.file('next.wal'), 'more'])).stdout, 'x');
  await ran(['put', work.file('next.wal'), 'more', 'y']);
  assert.equal((await ran(['get', work.file('next.wal'), 'more'])).stdout, 'y');
});
