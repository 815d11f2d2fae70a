// A process that is killed in the middle of a compaction loses nothing, and the next opening leaves nothing behind.
// KILL_ROUNDS sets how often it is killed, SEED repeats the moments as far as processes repeat anything.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { childFile, collect, randomOf, workspace } from './helpers.mjs';

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 15);
const BASE = 3000;
const TASKS = 4;

/** Lets a child write and compact, and kills it some time after it has reported `reports` middles of compactions. */
async function compactAndKill(file, reports, delay) {
  const child = spawn(process.execPath, [childFile('compact-writer.mjs'), file], { stdio: 'pipe' });
  const output = collect(child);
  let seen = 0;
  let dying = false;
  child.stdout.on('data', async (text) => {
    seen += text.split('compacting').length - 1;
    if (seen >= reports && !dying) {
      dying = true;
      await sleep(delay);
      child.kill('SIGKILL');
    }
  });
  const [code, signal] = await once(child, 'close');
  assert.deepEqual([code, signal], [null, 'SIGKILL'], output.stderr);
  // The kill may have cut the last line; a line without its end was not reported.
  return output.stdout.split('\n').slice(0, -1);
}

function checkCounters(store, lines, before) {
  for (const line of lines.filter((text) => text.startsWith('put'))) {
    const [, task, n] = line.split(' ').map(Number);
    before[task] = n;
  }
  for (let task = 0; task < TASKS; task += 1) {
    const found = Number(store.getString(`counter/${task}`) ?? 0);
    // One more may have been committed without anybody hearing of it.
    const fits = found === before[task] || found === before[task] + 1;
    assert.ok(fits, `counter/${task}: acknowledged ${before[task]}, found ${found}`);
    before[task] = found;
  }
}

test(`${ROUNDS} kills in the middle of compactions lose nothing`, {
  timeout: 60_000 + ROUNDS * 20_000,
}, async (t) => {
  const work = workspace(t);
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));
  t.diagnostic(`SEED=${seed}`);
  const random = randomOf(seed);
  const counters = new Array(TASKS).fill(0);
  const rewritten = work.file('store.wal.new');
  let halfDone = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const reports = 1 + Math.floor(random() * 12);
    const lines = await compactAndKill(work.file(), reports, random() * 8);
    halfDone += existsSync(rewritten) ? 1 : 0;
    const store = await work.open(undefined, { compaction: false });
    assert.equal(existsSync(rewritten), false, 'the half-made log is gone');
    checkCounters(store, lines, counters);
    for (let n = 0; n < BASE; n += 1) {
      assert.ok(store.getString(`base/${n}`)?.startsWith(`${n} x`), `base/${n} is lost`);
    }
    // An early kill may come before the first write of a task.
    assert.equal(store.size(), BASE + counters.filter((count) => count > 0).length);
    await store.close();
  }
  t.diagnostic(`${halfDone} of ${ROUNDS} kills left a half-made log`);
});
