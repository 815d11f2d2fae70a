// What a store does that is open and not ready: nothing replays its log while $HOLD_WARMING exists.
// Usage: node not-ready.mjs <name of the case> <log with an index file>

import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { SnapshotBuilderStore, StoreConfig, StoreEngine, salvage } from '@softadastra/store';
import { dump, must, refused, throws } from '../helpers.mjs';
import { MANUAL } from '../indexed.mjs';
import { Thread } from '../thread.mjs';

const [name, log] = process.argv.slice(2);
const go = () => rm(process.env.HOLD_WARMING);
const config = StoreConfig.durable(log, MANUAL);

/** A store whose replay waits. Who came before the thread for that would do it. */
async function open() {
  const store = must(await StoreEngine.open(config));
  while (!existsSync(`${process.env.HOLD_WARMING}.held`)) await sleep(1);
  return store;
}

/** Whether a promise is settled after a while. */
async function isPending(promise) {
  const pending = Symbol('pending');
  return (await Promise.race([promise, sleep(30, pending)])) === pending;
}

async function isRefused(call, code, message) {
  refused(await call, code, message);
}

const cases = {
  async abort() {
    const store = await open();
    const aborts = [new AbortController(), new AbortController()];
    const waits = aborts.map(({ signal }) => store.ready({ signal }));
    assert.ok(await isPending(waits[0]));
    aborts[0].abort('enough');
    const error = refused(await waits[0], 'invalid_state', /aborted/);
    assert.equal(error.cause, 'enough');
    await isRefused(store.ready({ signal: AbortSignal.abort() }), 'invalid_state', /aborted/);
    // The others still wait, and the store is as it was.
    assert.ok(await isPending(waits[1]));
    must(await store.put('more', 'x'));
    await go();
    must(await waits[1]);
    assert.equal(store.stats().ready, true);
    must(await store.close());
  },

  async close() {
    const store = await open();
    must(await store.put('more', 'x'));
    const ready = store.ready();
    const closed = store.close();
    await isRefused(store.ready(), 'invalid_state', 'the store is closed');
    await go();
    must(await closed);
    refused(await ready, 'invalid_state', /store is closed/);
    const again = await open();
    assert.equal(again.getString('more'), 'x');
    must(await again.close());
  },

  async recover() {
    const store = await open();
    must(await store.put('more', 'x'));
    const before = dump(store);
    const ready = store.ready();
    const report = must(await store.recover());
    assert.deepEqual([report.indexedSequence, report.bytesUnverified], [0, 0]);
    assert.equal(store.stats().ready, true);
    assert.deepEqual(dump(store), before);
    must(await store.put('again', 'x'));
    await go();
    must(await ready);
    must(await store.remove('again'));
    assert.deepEqual(dump(store), before);
    must(await store.close());
  },

  async rewrite() {
    const store = await open();
    const expected = [...store.entries()].length;
    const backup = store.backup(`${log}.backup`);
    const compacted = store.compact();
    assert.ok(await isPending(Promise.race([backup, compacted])));
    must(await store.put('more', 'x'));
    assert.equal(store.getString('more'), 'x');
    assert.equal(store.stats().ready, false);
    await go();
    must(await compacted);
    must(await backup);
    assert.equal(store.size(), expected + 1);
    const copy = must(await SnapshotBuilderStore.build(`${log}.backup`));
    assert.deepEqual(dump(copy), dump(store));
    assert.equal(existsSync(`${log}.backup.index`), false);
    must(await store.close());
    const again = await open();
    assert.ok(again.recoveryReport().indexedSequence > 0, 'a compaction leaves an index file');
    assert.deepEqual(dump(again), dump(copy));
    must(await again.close());
  },

  async threads() {
    const store = await open();
    const after = [];
    const threads = [0, 1].map(() => new Thread({ after: (end) => after.push(end) }));
    for (const thread of threads) {
      const opened = await thread.call('open', log, 'durable', undefined, MANUAL);
      assert.equal(opened.ok, true, opened.message);
    }
    const [first, second] = threads;
    assert.equal((await first.call('put', 'from/first', 'x')).ok, true);
    assert.equal(await second.call('get', 'from/first'), 'x');
    assert.equal(store.getString('from/first'), 'x');
    assert.deepEqual(await second.call('dump'), dump(store));
    for (const thread of threads) assert.equal((await thread.call('stats')).ready, false);
    const verified = threads[0].call('compact');
    assert.ok(await isPending(verified));
    assert.equal((await second.call('close')).ok, true);
    await go();
    assert.equal((await verified).ok, true);
    assert.equal(store.stats().ready, true);
    must(await store.close());
    assert.deepEqual((await first.call('dump')).length, (await first.call('stats')).entries);
    assert.equal((await first.call('close')).ok, true);
    await Promise.all(after.map((end) => end()));
  },

  /** The log was damaged where nothing looks before all of it is replayed. */
  async damaged() {
    const store = await open();
    const versions = [];
    for (const n of [1, 2, 3]) versions.push(must(await store.put(`meanwhile/${n}`, 'x')).version);
    const ready = store.ready();
    const bytes = readFileSync(log);
    await go();
    const { message } = refused(await ready, 'store_error', /frame \d+/);
    for (const call of [
      () => store.ready(),
      () => store.put('a', 'x'),
      () => store.remove('a'),
      () => store.batch([{ type: 'put', key: 'a', value: 'x' }]),
      () => store.flush(),
      () => store.compact(),
      () => store.backup(`${log}.backup`),
      () => store.consumer('outbox'),
      () => store.get('meanwhile/1'),
      () =>
        store
          .operations()
          .next()
          .then(must, (error) => ({ isErr: () => true, isOk: () => false, error: () => error })),
    ]) {
      refused(await call(), 'store_error', message);
    }
    for (const call of [
      () => store.getString('meanwhile/1'),
      () => store.getMany(['meanwhile/1']),
      () => store.contains('meanwhile/1'),
      () => store.size(),
      () => [...store.keys()],
      () => store.snapshot(),
    ]) {
      throws(call, 'store_error', message);
    }
    assert.equal(store.stats().open, false);
    assert.equal(store.stats().ready, false);
    const found = /frame 5 cannot be read/;
    assert.match(message, found);
    refused(await store.recover(), 'store_error', found);
    must(await store.close());
    assert.ok(readFileSync(log).equals(bytes), 'the log is as it was');
    for (const verify of ['later', 'first']) {
      refused(await StoreEngine.open(config, { verify }), 'store_error', found);
    }
    assert.equal(statSync(log).size, bytes.length);
    const { later } = must(await salvage(log, `${log}.saved`));
    const last = must(await SnapshotBuilderStore.build(later.at(-1).log));
    for (const [at, version] of versions.entries()) {
      assert.equal(last.get(`meanwhile/${at + 1}`).value().version, version);
    }
  },
};

await cases[name]();
process.stdout.write('done\n');
