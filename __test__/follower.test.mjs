// A store that follows a log which another store writes.

import assert from 'node:assert/strict';
import {
  copyFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { dump, must, refused, throws, workspace } from './helpers.mjs';

/** A store, and another one that follows its log. */
async function pair(t, options) {
  const work = workspace(t);
  const writer = await work.open(undefined, options);
  must(await writer.put('a', '1'));
  const follower = work.track(must(await StoreEngine.follow(work.file())));
  return { ...work, writer, follower };
}

/** Waiting for changes keeps no process alive. */
function staysAlive(t) {
  const timer = setInterval(() => undefined, 1000);
  t.after(() => clearInterval(timer));
}

test('a follower has every read call of a store', async (t) => {
  const { writer, follower } = await pair(t);
  must(
    await writer.batch([
      { type: 'put', key: 'b', value: '2' },
      { type: 'put', key: 'c', value: 'ü' },
    ]),
  );
  assert.equal(must(await follower.refresh()), 3);
  assert.equal(must(follower.get('b')).version, 2);
  refused(follower.get('none'), 'not_found');
  assert.equal(follower.getString('c'), 'ü');
  assert.equal(follower.getBytes('b').toString(), '2');
  assert.deepEqual(follower.getMany(['a', 'none', 'c']), ['1', undefined, 'ü']);
  assert.equal(follower.contains('a'), true);
  assert.equal(follower.size(), 3);
  assert.equal(follower.empty(), false);
  assert.deepEqual(dump(follower), dump(writer));
  assert.deepEqual([...follower.keys({ prefix: 'b' })], ['b']);
  assert.deepEqual([...follower.values({ gt: 'b' })].map(String), ['ü']);
  const snapshot = follower.snapshot();
  must(await writer.remove('a'));
  must(await follower.refresh());
  assert.equal(snapshot.size(), 3);
  assert.equal(follower.size(), 2);
  assert.equal(follower.lastSequence(), 4);
  const history = [];
  for await (const { sequence, operation } of follower.operations({ since: 2 })) {
    history.push([sequence, operation.type, operation.key]);
  }
  assert.deepEqual(history, [
    [3, 'put', 'c'],
    [4, 'delete', 'a'],
  ]);
  const stats = follower.stats();
  assert.deepEqual([stats.entries, stats.lastSequence, stats.floor, stats.restarts], [2, 4, 0, 0]);
  assert.equal(stats.logBytes > 0 && stats.memoryBytes > 0, true);
});

test('changes come by themselves, through watches, events and the history', async (t) => {
  staysAlive(t);
  const { writer, follower } = await pair(t);
  const watch = follower.watch({ prefix: 'k' });
  const history = follower.operations({ since: 1, follow: true });
  const heard = new Promise((resolve) => follower.once('change', resolve));
  for (let round = 0; round < 5; round += 1) {
    must(await writer.put(`k${round}`, `v${round}`));
    const { value } = await watch.next();
    assert.deepEqual(
      [value.key, value.value.toString(), value.version],
      [`k${round}`, `v${round}`, round + 2],
    );
    assert.equal((await history.next()).value.sequence, round + 2);
    assert.equal(follower.getString(`k${round}`), `v${round}`);
  }
  assert.equal((await heard).key, 'k0');
  const ended = watch.next();
  must(await follower.close());
  assert.equal((await ended).done, true);
  assert.equal((await history.next()).done, true);
});

test('what writes is refused with the cure, and nothing beside the log is made', async (t) => {
  const { dir, writer, follower } = await pair(t);
  const names = readdirSync(dir);
  const cure = /only be read: write with the process that has it open/;
  const later = {
    put: ['a', '2'],
    remove: ['a'],
    batch: [[]],
    apply: [new Uint8Array()],
    applyBatch: [[]],
    update: ['a', () => '2'],
    flush: [],
    compact: [],
    backup: ['copy.wal'],
    consumer: ['sync'],
    removeConsumer: ['sync'],
    sweep: [],
    recover: [],
  };
  for (const [name, args] of Object.entries(later)) {
    refused(await follower[name](...args), 'invalid_state', cure);
  }
  const now = ['putSync', 'removeSync', 'batchSync', 'applySync', 'applyBatchSync', 'flushSync'];
  for (const name of now) refused(follower[name]('a', '2'), 'invalid_state', cure);
  const missing = Object.getOwnPropertyNames(Object.getPrototypeOf(writer)).filter(
    (name) => !(name in follower),
  );
  const ofWriters = ['as', 'lastRecoveredSequence', 'orThrow', 'recoveryReport'];
  assert.deepEqual(missing.sort(), ofWriters, 'a call that writes has no answer');
  assert.deepEqual(readdirSync(dir), names);
  assert.equal(writer.getString('a'), '1');
  throws(() => follower.on('compaction', () => undefined), 'invalid_argument', /restart/);
  throws(() => writer.on('restart', () => undefined), 'invalid_argument', /poisoned/);
});

test('bad paths, options and logs are refused, each with a reason', async (t) => {
  const { file, writer } = await pair(t);
  const bad = async (code, reason, ...args) =>
    refused(await StoreEngine.follow(...args), code, reason);
  await bad('invalid_argument', /takes the path of a log/, StoreConfig.memoryOnly());
  await bad('invalid_argument', /takes the path of a log/, { path: file() });
  await bad('invalid_argument', /path must be a string/, undefined);
  await bad('invalid_argument', /path is empty/, '');
  await bad('invalid_argument', /reserved/, `${file()}.durable`);
  await bad('invalid_argument', /did you mean "wait"/, file(), { wiat: true });
  await bad('invalid_argument', /wait must be true or false/, file(), { wait: 1 });
  await bad('invalid_argument', /signal must be/, file(), { signal: 1 });
  await bad('invalid_argument', /must be an object/, file(), null);
  await bad('io_error', /there is no such file/, file('none.wal'));
  await bad('io_error', /directory does not exist/, file('no/such.wal'));
  writeFileSync(file('text.wal'), 'no log at all');
  await bad('store_error', /not a store log/, file('text.wal'));
  const newer = readFileSync(file());
  newer[8] = 2;
  writeFileSync(file('newer.wal'), newer);
  await bad('store_error', /unsupported log format version 2/, file('newer.wal'));
  await bad('invalid_state', /aborted/, file(), { signal: AbortSignal.abort() });
  assert.equal(writer.stats().open, true);
});

test('a log that does not exist yet is waited for if that is wished, and no longer than the signal says', async (t) => {
  const { file, open, track } = workspace(t);
  const controller = new AbortController();
  const given = StoreEngine.follow(file('late.wal'), { wait: true, signal: controller.signal });
  controller.abort();
  refused(await given, 'invalid_state', /aborted/);
  const waiting = StoreEngine.follow(file('late.wal'), { wait: true });
  // More than there are threads that open logs: those are not kept from others.
  const others = Array.from({ length: 5 }, () =>
    StoreEngine.follow(file('late.wal'), { wait: true }),
  );
  const writer = await open('late.wal');
  must(await writer.put('a', '1'));
  for (const one of [waiting, ...others]) {
    const follower = track(must(await one));
    must(await follower.refresh());
    assert.equal(follower.getString('a'), '1');
  }
});

test('a follower goes on through compactions, closes and restarts of its writer', async (t) => {
  const { file, writer, follower, open } = await pair(t);
  const restarts = [];
  follower.on('restart', (restart) => restarts.push(restart));
  let store = writer;
  for (let round = 0; round < 3; round += 1) {
    must(await store.put('round', `${round}`));
    must(await follower.refresh());
    must(await store.compact());
    must(await store.put('after', `${round}`));
    must(await follower.refresh());
    assert.deepEqual(dump(follower), dump(store));
    must(await store.close());
    must(await follower.refresh());
    store = await open();
    must(await store.put('next', `${round}`));
    must(await follower.refresh());
    assert.deepEqual(dump(follower), dump(store));
  }
  assert.deepEqual(restarts, []);
  assert.equal(follower.stats().restarts, 0);
  assert.ok(file());
});

test('a backup in the place of the log is said by an event, and its history is another one', async (t) => {
  staysAlive(t);
  const { file, writer, follower, open } = await pair(t);
  must(await writer.backup(file('backup.wal')));
  must(await writer.put('lost', 'soon'));
  must(await follower.refresh());
  const history = follower.operations({ since: 1, follow: true });
  assert.equal((await history.next()).value.sequence, 2);
  const waiting = assert.rejects(history.next(), {
    code: 'invalid_state',
    message: /another history/,
  });
  const watch = follower.watch();
  const told = new Promise((resolve) => follower.once('restart', resolve));
  must(await writer.close());
  copyFileSync(file('backup.wal'), file('restored.wal'));
  renameSync(file('restored.wal'), file());
  assert.deepEqual(await told, { reason: 'replaced', before: 2, after: 1 });
  const store = await open();
  must(await store.put('other', 'history'));
  must(await follower.refresh());
  assert.deepEqual(dump(follower), dump(store));
  await assert.rejects(watch.next(), { code: 'invalid_state', message: /watch it again/ });
  await waiting;
  const { restarts, lastRestart } = follower.stats();
  assert.deepEqual([restarts, lastRestart.reason], [1, 'replaced']);
});

test('a log that is gone leaves the entries as they are and says so until it is back', async (t) => {
  const { file, writer, follower } = await pair(t);
  must(await writer.close());
  copyFileSync(file(), file('kept'));
  rmSync(file());
  refused(await follower.refresh(), 'io_error', /there is no such file/);
  assert.equal(follower.getString('a'), '1');
  assert.match(follower.stats().followError.message, /there is no such file/);
  renameSync(file('kept'), file());
  must(await follower.refresh());
  assert.equal(follower.stats().followError, undefined);
  assert.equal(follower.getString('a'), '1');
});

test('a closed follower says so', async (t) => {
  const { follower } = await pair(t);
  must(await follower.close());
  must(await follower.close());
  refused(follower.get('a'), 'invalid_state', 'the store is closed');
  throws(() => follower.getString('a'), 'invalid_state', 'the store is closed');
  throws(() => follower.stats(), 'invalid_state', 'the store is closed');
  throws(() => follower.watch(), 'invalid_state', 'the store is closed');
  refused(await follower.refresh(), 'invalid_state', 'the store is closed');
});

test('a store without automatic flushes is followed as far as it is written', async (t) => {
  const work = workspace(t);
  const writer = work.track(must(await StoreEngine.open(StoreConfig.fast(work.file()))));
  const follower = work.track(must(await StoreEngine.follow(work.file())));
  for (let round = 1; round < 4; round += 1) {
    must(await writer.put('a', `${round}`));
    must(await follower.refresh());
    assert.equal(follower.getString('a'), `${round}`);
  }
  assert.equal(writer.stats().syncs <= 2, true);
});

test('a follower of a log with an index file is open before all of the log was read', async (t) => {
  const work = workspace(t);
  const writer = await work.open();
  for (let part = 0; part < 20; part += 1) {
    const puts = Array.from({ length: 1000 }, (_, at) => ({
      type: 'put',
      key: `k${part * 1000 + at}`,
      value: 'x'.repeat(90),
    }));
    must(await writer.batch(puts));
  }
  must(await writer.compact());
  must(await writer.remove('k7'));
  const follower = work.track(must(await StoreEngine.follow(work.file())));
  assert.equal(follower.stats().indexedSequence, 20_000);
  assert.equal(follower.getString('k8'), 'x'.repeat(90));
  assert.equal(follower.contains('k7'), false);
  must(await follower.load({ prefix: 'k1', limit: 10 }));
  assert.deepEqual([...follower.keys({ prefix: 'k1', limit: 2 })], ['k1', 'k10']);
  must(await writer.put('new', '1'));
  must(await follower.refresh());
  assert.equal(follower.getString('new'), '1');
  must(await follower.ready());
  const { ready, warming, entries } = follower.stats();
  assert.deepEqual(
    { ready, warming, entries },
    { ready: true, warming: undefined, entries: 20_000 },
  );
  assert.deepEqual(dump(follower), dump(writer));
});
