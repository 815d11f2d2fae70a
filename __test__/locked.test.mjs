// One log belongs to one process, and each thread opens it once: another opener is told so and changes nothing. What the
// threads of a process share is in threads.test.mjs.
// RACE_ROUNDS sets how often two processes race for a log.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { SnapshotBuilderStore, StoreConfig, StoreEngine } from '@softadastra/store';
import { childFile, dump, must, refused, runChild, workspace } from './helpers.mjs';

const RACES = Number(process.env.RACE_ROUNDS ?? 1000);

/** Nobody can read the lock file on Windows while it is locked, so that who holds it is not known there. */
const lockedBy = (pid) =>
  process.platform === 'win32'
    ? /locked by another opener/
    : new RegExp(`locked by process ${pid}\\b`);

async function holder(file, t) {
  const child = spawn(process.execPath, [childFile('open.mjs'), file, 'hold'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
  assert.equal(JSON.parse(line).ok, true);
  return child;
}

test('a second opener in the same thread is refused until the first one closes', async (t) => {
  const work = workspace(t);
  const first = await work.open();
  await first.put('a', '1');
  for (const config of [StoreConfig.durable(work.file()), StoreConfig.fast(work.file())]) {
    refused(await StoreEngine.open(config), 'invalid_state', /locked/);
  }
  assert.equal(must(await first.put('b', '2')).version, 2);
  await first.close();
  assert.equal((await work.open()).size(), 2);
});

test('the same log under another spelling of its path is the same log', async (t) => {
  const work = workspace(t);
  await work.open();
  const other = `${work.dir}${path.sep}.${path.sep}store.wal`;
  refused(await StoreEngine.open(StoreConfig.durable(other)), 'invalid_state', /locked/);
  const relative = path.relative(process.cwd(), work.file());
  refused(await StoreEngine.open(StoreConfig.durable(relative)), 'invalid_state', /locked/);
});

test('an opener that was refused does not take the lock from the one that has it', async (t) => {
  const work = workspace(t);
  await work.open();
  for (let n = 0; n < 3; n += 1) {
    refused(await StoreEngine.open(StoreConfig.durable(work.file())), 'invalid_state', /locked/);
  }
});

test('another process is refused, with the pid of the owner, until the owner closes', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  await store.put('a', '1');
  const refusedChild = JSON.parse((await runChild('open.mjs', [work.file()])).stdout);
  assert.deepEqual([refusedChild.ok, refusedChild.code], [false, 'invalid_state']);
  assert.match(refusedChild.message, lockedBy(process.pid));
  await store.close();
  const child = JSON.parse((await runChild('open.mjs', [work.file()])).stdout);
  assert.deepEqual(child, { ok: true, size: 1 });
});

test('a log held by another process is refused here', async (t) => {
  const work = workspace(t);
  const child = await holder(work.file(), t);
  const refusal = await StoreEngine.open(StoreConfig.durable(work.file()));
  refused(refusal, 'invalid_state', lockedBy(child.pid));
  child.stdin.end();
  await once(child, 'exit');
  must(await (await work.open()).put('a', '1'));
});

test('the lock ends with its process, however that ended; the lock file stays and means nothing', async (t) => {
  const work = workspace(t);
  const child = await holder(work.file(), t);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(existsSync(`${work.file()}.lock`), true);
  const store = await work.open();
  must(await store.put('a', '1'));
  await store.close();
  assert.equal(existsSync(`${work.file()}.lock`), true);
  assert.deepEqual(dump(await work.open()), [['a', '1', 1]]);
});

test('openers that race for a new log: one gets it', async (t) => {
  const work = workspace(t);
  const config = StoreConfig.durable(work.file());
  const results = await Promise.all(Array.from({ length: 8 }, () => StoreEngine.open(config)));
  const winners = results.filter((result) => result.isOk());
  assert.equal(winners.length, 1);
  for (const result of results) {
    if (result.isErr()) refused(result, 'invalid_state', /locked/);
  }
  must(await work.track(winners[0].value()).put('a', '1'));
});

/** A process that answers each line of its input with a line of JSON. */
function racer(t, name) {
  const child = spawn(process.execPath, [childFile('racer.mjs'), name], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (line) => {
    child.stdin.write(`${line}\n`);
    return JSON.parse((await answers.next()).value);
  };
}

test(`${RACES} races of two processes for a log have one winner each`, {
  timeout: 60_000 + RACES * 100,
}, async (t) => {
  const work = workspace(t);
  const racers = [racer(t, 'one'), racer(t, 'other')];
  const wins = [0, 0];
  for (let round = 0; round < RACES; round += 1) {
    // Of ten races for a log the first is also a race to make it.
    const log = work.file(`${Math.floor(round / 10)}.wal`);
    const results = await Promise.all(racers.map((ask) => ask(log)));
    const winner = results.findIndex(({ won }) => won);
    const loser = results[1 - winner];
    assert.deepEqual([loser?.won, loser?.code], [false, 'invalid_state'], JSON.stringify(results));
    assert.match(loser.message, /locked by (process \d+|another opener)/);
    assert.equal(results[winner].version, (round % 10) + 1, 'every winner before left its write');
    wins[winner] += 1;
    await Promise.all(racers.map((ask) => ask('')));
  }
  t.diagnostic(`${wins.join(' and ')} wins`);
});

const noLinks = process.platform === 'win32' && 'links need rights on Windows';

test('a lock file that is a link is the lock that it leads to', { skip: noLinks }, async (t) => {
  const work = workspace(t);
  writeFileSync(work.file('elsewhere'), 'not ours');
  symlinkSync(work.file('elsewhere'), work.file('store.wal.lock'));
  const store = await work.open();
  must(await store.put('a', '1'));
  must(await store.compact());
  const other = await runChild('open.mjs', [work.file()]);
  assert.equal(JSON.parse(other.stdout).ok, false);
  must(await store.compact());
  must(await store.close());
  assert.equal(readFileSync(work.file('elsewhere'), 'utf8'), 'not ours');
  assert.equal((await work.open()).getString('a'), '1');
});

test('a pipe or device in the place of a file beside the log is refused or replaced, and never waited for', {
  skip: process.platform === 'win32' && 'no pipes in folders on Windows',
}, async (t) => {
  const work = workspace(t);
  const make = (name) => assert.equal(spawnSync('mkfifo', [work.file(name)]).status, 0);
  make('first.wal.lock');
  symlinkSync('/dev/zero', work.file('second.wal.lock'));
  for (const name of ['first.wal', 'second.wal']) {
    const config = StoreConfig.durable(work.file(name));
    const refusal = refused(await StoreEngine.open(config), 'io_error', /not a regular file/);
    assert.equal(refusal.context, work.file(`${name}.lock`));
    assert.equal(existsSync(work.file(name)), false);
  }
  make('third.wal.new');
  must(await (await work.open('third.wal')).put('a', '1'));
  make('third.wal.new');
  rmSync(work.file('first.wal.lock'));
  must(await (await work.open('first.wal')).put('a', '1'));
});

test('a folder in the place of a file beside the log is named', async (t) => {
  const work = workspace(t);
  for (const end of ['.lock', '.new']) {
    mkdirSync(work.file(`store.wal${end}`));
    const config = StoreConfig.durable(work.file());
    const refusal = refused(await StoreEngine.open(config), 'io_error');
    assert.equal(refusal.context, work.file(`store.wal${end}`));
    rmSync(work.file(`store.wal${end}`), { recursive: true });
  }
});

test('a snapshot can be built from the log of an open store', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  await store.put('a', '1');
  const snapshot = must(await SnapshotBuilderStore.build(work.file()));
  assert.deepEqual(dump(snapshot), [['a', '1', 1]]);
  must(await store.put('b', '2'));
});
