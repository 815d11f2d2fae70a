// However a thread ends, it takes nothing with it: what it was told is committed stays, and the others go on.
// THREAD_ROUNDS sets how often threads are ended in the middle of their writes, SEED how.

import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { must, runChild, workspace } from './helpers.mjs';
import { Thread, threads } from './thread.mjs';

const ROUNDS = Number(process.env.THREAD_ROUNDS ?? 24);
const SEED = Number(process.env.SEED ?? 1);
const TASKS = 8;
const WAYS = ['terminate', 'exit', 'throw', 'close'];

/** Whole numbers below `limit` that follow from a seed. */
function random(seed) {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** A thread in the middle of its writes, and what it was told is committed. */
function load(thread, name) {
  const shared = new SharedArrayBuffer(TASKS * Int32Array.BYTES_PER_ELEMENT);
  thread.call('load', name, shared).catch(() => undefined);
  return new Int32Array(shared);
}

async function until(condition) {
  while (!condition()) await sleep(1);
}

async function end(thread, way) {
  if (way === 'terminate') {
    await thread.terminate();
  } else if (way === 'close') {
    await thread.call('close');
    await thread.terminate();
  } else {
    thread.call('end', way);
    await thread.ended;
  }
  if (way === 'throw') assert.match(thread.uncaught.message, /on purpose/);
}

function check(store, name, acknowledged) {
  acknowledged.forEach((n, task) => {
    const found = Number(store.getString(`${name}/${task}`) ?? 0);
    assert.ok(found >= n, `${name}/${task}: ${n} was acknowledged, ${found} is there`);
  });
}

test('a thread that ends by itself with writes pending has them committed', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const [thread] = await threads(t, 1, work.file());
  void thread.call('end', 'leave', 1000);
  assert.equal(await thread.ended, 0);
  assert.equal(store.size(), 1000);
  must(await store.put('a', '1'));
});

for (const kind of ['durable', 'fast']) {
  test(`${ROUNDS} threads of a ${kind} store are ended in mid-load while others go on`, {
    timeout: 60_000 + ROUNDS * 2000,
  }, async (t) => {
    t.diagnostic(`SEED=${SEED}`);
    const pick = random(SEED);
    const work = workspace(t);
    const store = work.track(must(await StoreEngine.open(StoreConfig[kind](work.file()))));
    const survivor = new Thread(t);
    await survivor.open(work.file(), kind);
    const survived = load(survivor, 'survivor');
    const mains = new Int32Array(1);
    let writing = true;
    const main = (async () => {
      for (let n = 1; writing; n += 1) {
        must(await store.put('main/0', String(n)));
        mains[0] = n;
      }
    })();
    for (let round = 0; round < ROUNDS; round += 1) {
      const way = WAYS[pick(WAYS.length)];
      const thread = new Thread(t);
      await thread.open(work.file(), kind);
      const acknowledged = load(thread, `thread ${round % 3}`);
      const enough = pick(30);
      await until(() => acknowledged[0] >= enough);
      await end(thread, way);
      check(store, `thread ${round % 3}`, acknowledged);
      const [before, mainBefore] = [survived[0], mains[0]];
      await until(() => survived[0] > before && mains[0] > mainBefore);
    }
    writing = false;
    await main;
    await survivor.terminate();
    must(await store.close());
    const child = JSON.parse((await runChild('open.mjs', [work.file()])).stdout);
    assert.equal(child.ok, true, 'another process can open it');
    const again = await work.open();
    assert.equal(again.recoveryReport().cleanShutdown, true);
    check(again, 'survivor', survived);
    check(again, 'main', mains);
  });

  test(`a thread that had a ${kind} store alone is ended in mid-load, and the next one opens it`, async (t) => {
    const pick = random(SEED + 1);
    const work = workspace(t);
    const config = StoreConfig[kind](work.file());
    for (let round = 0; round < ROUNDS / 2; round += 1) {
      const thread = new Thread(t);
      await thread.open(work.file(), kind);
      const acknowledged = load(thread, 'alone');
      const enough = pick(30);
      await until(() => acknowledged[0] >= enough);
      await end(thread, WAYS[pick(3)]);
      const store = work.track(must(await StoreEngine.open(config)));
      assert.equal(store.recoveryReport().bytesCut, 0);
      check(store, 'alone', acknowledged);
      must(await store.close());
    }
  });
}

for (const [way, code, said] of [
  ['exit', 0, /^$/],
  ['throw', 1, /on purpose/],
]) {
  test(`a process that ends by ${way} while its threads write loses nothing`, async (t) => {
    const work = workspace(t);
    for (let round = 0; round < 5; round += 1) {
      const log = work.file(`${round}.wal`);
      const child = await runChild('exit-with-threads.mjs', [log, way]);
      assert.deepEqual([child.code, child.signal], [code, null], child.stderr);
      assert.match(child.stderr, said);
      const store = await work.open(`${round}.wal`);
      for (const [name, acknowledged] of JSON.parse(child.stdout)) {
        check(store, name, acknowledged);
      }
      must(await store.close());
    }
  });
}

test('threads that are ended while they open leave the others alone', async (t) => {
  const pick = random(SEED + 2);
  const work = workspace(t);
  for (let round = 0; round < ROUNDS / 2; round += 1) {
    const all = Array.from({ length: 3 }, () => new Thread(t));
    const opening = all.map((thread) => thread.open(work.file()));
    for (let n = pick(4); n > 0; n -= 1) await sleep(pick(5));
    await Promise.all(all.slice(1).map((thread) => thread.terminate()));
    await opening[0];
    const put = await all[0].call('put', 'round', String(round));
    assert.equal(put.value.version, round + 1);
    await all[0].terminate();
  }
  assert.equal((await work.open()).getString('round'), String(Math.ceil(ROUNDS / 2) - 1));
});
