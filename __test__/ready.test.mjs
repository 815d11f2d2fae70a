// When the log of a store is read, and waiting for that.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, copyFileSync, existsSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { SnapshotBuilderStore, StoreConfig, StoreEngine } from '@softadastra/store';
import {
  childFile,
  collect,
  dump,
  filesOf,
  memoryStore,
  must,
  refused,
  runChild,
  workspace,
} from './helpers.mjs';
import { MANUAL, makeLog } from './indexed.mjs';

test('verify takes "first" and "later" alone', async (t) => {
  const work = workspace(t);
  const config = StoreConfig.durable(work.file());
  for (const verify of ['now', '', 'First', true, null, 1, {}, ['first']]) {
    refused(
      await StoreEngine.open(config, { verify }),
      'invalid_argument',
      'verify must be "first" or "later"',
    );
    refused(await new StoreEngine(config).recover({ verify }), 'invalid_argument');
  }
  const misspelt = refused(await StoreEngine.open(config, { verfy: 'first' }), 'invalid_argument');
  assert.match(misspelt.message, /"verfy".*did you mean "verify"/);
  assert.deepEqual(filesOf(work.dir), {});
  for (const verify of ['first', 'later', undefined]) {
    must(await must(await StoreEngine.open(config, { verify })).close());
  }
});

test('a store in memory and a new one are ready at once', async (t) => {
  const work = workspace(t);
  for (const store of [memoryStore(t), await work.open()]) {
    assert.equal(store.stats().ready, true);
    assert.equal(must(await store.ready()), undefined);
    assert.equal(must(await store.ready({})), undefined);
    assert.equal(must(await store.ready({ signal: undefined })), undefined);
    assert.equal(await store.orThrow.ready(), undefined);
    assert.equal(store.stats().warming, undefined);
  }
});

test('ready() refuses what it does not know, and a signal that was aborted', async (t) => {
  const store = await workspace(t).open();
  for (const options of [null, 1, 'signal', [], { sginal: undefined }, { onProgress: String }]) {
    refused(await store.ready(options), 'invalid_argument');
  }
  for (const signal of [null, 1, {}, 'now', new AbortController()]) {
    refused(await store.ready({ signal }), 'invalid_argument', /signal/);
  }
  const reason = new Error('enough');
  const error = refused(await store.ready({ signal: AbortSignal.abort(reason) }), 'invalid_state');
  assert.equal(error.cause, reason);
  must(await store.ready({ signal: new AbortController().signal }));
});

test('a store is not ready before it is open, nor after it was closed', async (t) => {
  const work = workspace(t);
  const store = work.track(new StoreEngine(StoreConfig.durable(work.file())));
  refused(await store.ready(), 'invalid_state', /not open: call recover/);
  const recovering = store.recover();
  refused(await store.ready(), 'invalid_state', /recover\(\) is still running/);
  must(await recovering);
  must(await store.ready());
  must(await store.close());
  refused(await store.ready(), 'invalid_state', 'the store is closed');
  const memory = memoryStore(t);
  must(await memory.close());
  refused(await memory.ready(), 'invalid_state', 'the store is closed');
});

test('an opening that is to verify first can be aborted, and leaves the log as it was', async (t) => {
  const work = workspace(t);
  await makeLog(work.file());
  const files = filesOf(work.dir);
  const config = StoreConfig.durable(work.file(), MANUAL);
  const signal = AbortSignal.abort();
  refused(await StoreEngine.open(config, { verify: 'first', signal }), 'invalid_state', /aborted/);
  assert.deepEqual(filesOf(work.dir), files);
  let aborted;
  // The opening may be done before it can be stopped; not every time.
  for (let n = 0; aborted === undefined; n += 1) {
    assert.ok(n < 100, 'no abort was heard in time');
    const before = filesOf(work.dir);
    const later = new AbortController();
    const opening = StoreEngine.open(config, { verify: 'first', signal: later.signal });
    later.abort();
    const opened = await opening;
    if (opened.isOk()) {
      must(await must(opened).close());
    } else {
      aborted = opened;
      assert.deepEqual(filesOf(work.dir), before);
    }
  }
  refused(aborted, 'invalid_state', /aborted/);
});

const noPosix = process.platform === 'win32' && 'rights of files differ on Windows';

/** A log in a folder of its own, as somebody finds it who has rights to the log and its lock file alone. */
async function logOfStranger(t) {
  const work = workspace(t);
  await makeLog(work.file());
  const isRoot = process.getuid() === 0;
  for (const name of ['store.wal', 'store.wal.lock']) {
    if (isRoot) chownSync(work.file(name), 65534, 65534);
  }
  const run = async () => {
    const child = await runChild(
      'opened.mjs',
      [work.file()],
      isRoot ? { uid: 65534, gid: 65534 } : {},
    );
    assert.deepEqual([child.code, child.stderr], [0, '']);
    return JSON.parse(child.stdout);
  };
  const { length } = dump(must(await SnapshotBuilderStore.build(work.file())));
  return { ...work, run, entries: length };
}

test('an index file that may not be read costs a replay, and is replaced where that is permitted', {
  skip: noPosix,
}, async (t) => {
  const { dir, file, run, entries } = await logOfStranger(t);
  chmodSync(dir, 0o777);
  chmodSync(file('store.wal.index'), 0o000);
  const { atFirst, atLast, size, code } = await run();
  assert.match(atFirst, /permission denied/i);
  assert.deepEqual([size, code, atLast], [entries + 1, undefined, undefined]);
});

test('in a read-only folder a store works by the index file that is there, and without one says why', {
  skip: noPosix,
}, async (t) => {
  const { dir, file, run, entries } = await logOfStranger(t);
  chmodSync(file('store.wal.index'), 0o644);
  chmodSync(dir, 0o555);
  const first = await run();
  assert.deepEqual([first.atFirst, first.size, first.code], [undefined, entries + 1, 'io_error']);
  chmodSync(dir, 0o755);
  copyFileSync(file('store.wal.index'), file('kept'));
  chmodSync(file('store.wal.index'), 0o000);
  chmodSync(dir, 0o555);
  const second = await run();
  assert.match(second.atFirst, /permission denied/i);
  assert.deepEqual([second.size, second.code], [entries + 1, 'io_error']);
  assert.match(second.atLast, /permission denied/i);
  chmodSync(dir, 0o755);
});

test('kills under load: by the index file the store is what its log says, with all that was acknowledged', async (t) => {
  const work = workspace(t);
  await makeLog(work.file());
  for (let round = 0; round < 4; round += 1) {
    const said = await writeAndKill(work.file(), `r${round}`, 200 + 900 * round);
    const expected = dump(must(await SnapshotBuilderStore.build(work.file())));
    assert.ok(existsSync(work.file('store.wal.index')));
    const store = await work.open(undefined);
    assert.ok(store.recoveryReport().indexedSequence > 0, store.stats().indexFailure);
    assert.deepEqual(dump(store), expected);
    for (const [task, n] of said) assert.ok(Number(store.getString(`counter/${task}`)) >= n);
    must(await store.ready());
    assert.deepEqual(dump(store), expected);
    assert.equal(store.size(), expected.length);
    must(await store.close());
  }
});

/** Kills a child after so many acknowledgements, and gives the last number that was acknowledged for each counter. */
async function writeAndKill(log, round, reports) {
  const args = [childFile('kill-writer.mjs'), log, round, 'durable'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = collect(child);
  let seen = 0;
  child.stdout.on('data', (text) => {
    seen += text.split('\n').length - 1;
    if (seen >= reports) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'close');
  assert.equal(signal, 'SIGKILL', output.stderr);
  const said = new Map();
  for (const line of output.stdout.split('\n').slice(0, -1)) {
    const [what, task, n] = line.split(' ');
    if (what === 'put') said.set(task, Number(n));
  }
  return said;
}
