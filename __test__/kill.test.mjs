// A process that is killed at a random moment loses no write that it acknowledged, and leaves no half of a batch.
// KILL_ROUNDS sets how often it is killed.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { test } from 'node:test';
import { SnapshotBuilderStore } from '@softadastra/store';
import { childFile, collect, dump, must, workspace } from './helpers.mjs';

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 20);
const TASKS = 8;
const MEMBERS = ['a', 'b', 'c', 'd', 'e'];

/** Lets a child write until it has reported `reports` lines and some random time more, kills it, gives its reports. */
async function writeAndKill(file, round, [kind, calls], reports) {
  const args = [childFile('kill-writer.mjs'), file, round, kind, ...(calls ? [calls] : [])];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collect(child);
  let seen = 0;
  let dying = false;
  child.stdout.on('data', (text) => {
    seen += text.split('\n').length - 1;
    if (seen >= reports && !dying) {
      dying = true;
      setTimeout(() => child.kill('SIGKILL'), Math.random() * 5);
    }
  });
  const [code, signal] = await once(child, 'close');
  assert.deepEqual([code, signal], [null, 'SIGKILL'], output.stderr);
  // The kill may have cut the last line; a line without its end was not reported.
  return output.stdout.split('\n').slice(0, -1);
}

/** The last number reported for each task, and the items that were acknowledged. */
function readReports(lines) {
  const said = { put: new Map(), batch: new Map(), remove: [], keep: [] };
  for (const line of lines) {
    const [what, task, n] = line.split(' ');
    if (what === 'put' || what === 'batch') said[what].set(Number(task), Number(n));
    else said[what].push([task, n]);
  }
  return said;
}

function checkCounters(store, said, before) {
  for (let task = 0; task < TASKS; task += 1) {
    const acknowledged = said.put.get(task) ?? before.put.get(task) ?? 0;
    const found = Number(store.getString(`counter/${task}`) ?? 0);
    // One more may have been committed without anybody hearing of it.
    const fits = found === acknowledged || found === acknowledged + 1;
    assert.ok(fits, `counter/${task}: acknowledged ${acknowledged}, found ${found}`);
    before.put.set(task, found);
  }
}

function checkPairs(store, said, before) {
  for (let task = 0; task < TASKS; task += 1) {
    const acknowledged = said.batch.get(task) ?? before.batch.get(task) ?? 0;
    const found = MEMBERS.map((member) => Number(store.getString(`pair/${task}/${member}`) ?? 0));
    assert.equal(new Set(found).size, 1, `half a batch in pair/${task}: ${found}`);
    const fits = found[0] === acknowledged || found[0] === acknowledged + 1;
    assert.ok(fits, `pair/${task}: acknowledged ${acknowledged}, found ${found[0]}`);
    before.batch.set(task, found[0]);
  }
}

function checkItems(store, said, round) {
  const acknowledged = new Map();
  for (const [task, n] of said.keep) {
    const key = `item/${round}/${task}/${n}`;
    const value = store.getString(key);
    assert.ok(value?.startsWith(key), `lost ${key}`);
    assert.equal(value.length, key.length + ((Number(n) * 37) % 400));
  }
  for (const [task, n] of said.remove) {
    assert.equal(
      store.contains(`item/${round}/${task}/${n}`),
      false,
      `item ${task}/${n} came back`,
    );
  }
  for (const [task, n] of [...said.keep, ...said.remove]) {
    acknowledged.set(task, Math.max(acknowledged.get(task) ?? 0, Number(n)));
  }
  for (const key of store.keys({ prefix: `item/${round}/` })) {
    const [, , task, n] = key.split('/');
    assert.ok(Number(n) <= (acknowledged.get(task) ?? 0) + 1, `${key} was never written`);
  }
}

async function agreesWithLog(store, file) {
  const state = dump(store);
  must(await store.close());
  assert.deepEqual(dump(must(await SnapshotBuilderStore.build(file))), state);
}

function checkNothingElse(store) {
  for (const key of store.keys()) {
    assert.match(key, /^(counter\/\d|pair\/\d\/[a-e]|item\/r\d+\/\d\/\d+)$/);
  }
}

for (const [kind, calls, rounds] of [
  ['durable', undefined, ROUNDS],
  ['durable', 'sync', Math.ceil(ROUNDS / 2)],
  ['fast', undefined, Math.ceil(ROUNDS / 4)],
  ['fast', 'sync', Math.ceil(ROUNDS / 4)],
]) {
  const timeout = 60_000 + rounds * 20_000;
  const how = calls ? ' with synchronous calls' : '';
  test(`${rounds} kills of a ${kind} store${how} lose nothing`, { timeout }, async (t) => {
    const work = workspace(t);
    const before = { put: new Map(), batch: new Map() };
    let total = 0;
    for (let round = 0; round < rounds; round += 1) {
      const reports = 1 + Math.floor(Math.random() * (round % 4 === 0 ? 20 : 2000));
      const lines = await writeAndKill(work.file(), `r${round}`, [kind, calls], reports);
      const said = readReports(lines);
      const store = await work.open();
      checkCounters(store, said, before);
      checkPairs(store, said, before);
      checkItems(store, said, `r${round}`);
      checkNothingElse(store);
      assert.equal(store.lastSequence(), store.recoveryReport().lastSequence);
      await agreesWithLog(store, work.file());
      total += lines.length;
    }
    t.diagnostic(`${rounds} kills, ${total} acknowledged calls, none lost`);
  });
}
