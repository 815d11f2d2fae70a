// The index file beside a log is a cache: whatever is there in its place, the store has what its log says, and says why
// the file was of no use.

import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { before, test } from 'node:test';
import { SnapshotBuilderStore, StoreConfig, StoreEngine } from '@softadastra/store';
import { folder } from './folders.mjs';
import { dump, filesOf, must, refused, throws, workspace } from './helpers.mjs';
import { change, MANUAL, makeLog } from './indexed.mjs';

let source;
let expected;

before(async () => {
  source = `${folder()}/store.wal`;
  await makeLog(source);
  expected = dump(must(await SnapshotBuilderStore.build(source)));
});

/** A copy of a log that was closed and has an index file. */
function copied(t) {
  const work = workspace(t);
  const [log, index] = [work.file(), work.file('store.wal.index')];
  copyFileSync(source, log);
  copyFileSync(`${source}.index`, index);
  return { ...work, log, index, open: (options) => openAt(work, log, options) };
}

async function openAt(work, log, options) {
  return work.track(must(await StoreEngine.open(StoreConfig.durable(log, MANUAL), options)));
}

/** Checks that the log was replayed, and for which reason, and that the store has everything and can be written to. */
async function isReplayed(work, failure) {
  const store = await work.open();
  const { indexFailure, indexedSequence, bytesUnverified } = store.recoveryReport();
  assert.equal(store.stats().ready, true);
  if (failure === undefined) assert.equal(indexFailure, undefined);
  else assert.match(indexFailure, failure);
  assert.deepEqual([indexedSequence, bytesUnverified], [0, 0]);
  await hasEverything(store);
  return store;
}

async function hasEverything(store) {
  assert.deepEqual(dump(store), expected);
  assert.equal(store.size(), expected.length);
  must(await store.put('new', 'x', { ifVersion: 0 }));
  must(await store.remove('new'));
}

/** Checks that closing left an index file that the next opening uses. */
async function isIndexedAgain(work, store) {
  must(await store.close());
  const again = await work.open();
  assert.equal(again.recoveryReport().indexFailure, undefined);
  assert.ok(again.recoveryReport().indexedSequence > 0);
  await hasEverything(again);
  must(await again.ready());
  await hasEverything(again);
}

test('a log of 1 MiB or more has an index file when it was closed, a smaller one has none', async (t) => {
  const work = copied(t);
  assert.ok(statSync(work.index).size < statSync(work.log).size / 4);
  const store = await work.open();
  const { indexedSequence, bytesUnverified, entries } = store.recoveryReport();
  assert.ok(indexedSequence > 0 && bytesUnverified > 1 << 20);
  assert.equal(entries, expected.length);
  assert.equal(store.stats().indexedSequence, indexedSequence);
  await hasEverything(store);
  const small = await openAt(work, work.file('small.wal'));
  must(await small.put('a', 'x'));
  assert.deepEqual([small.stats().indexedSequence, small.stats().ready], [0, true]);
  must(await small.close());
  assert.equal(existsSync(work.file('small.wal.index')), false);
});

test('without its index file a log is replayed, and has one again when it is closed', async (t) => {
  const work = copied(t);
  rmSync(work.index);
  await isIndexedAgain(work, await isReplayed(work));
});

const spoiled = {
  'an empty file': [(index) => writeFileSync(index, ''), /its header is not readable/],
  'a file of something else': [
    (index) => writeFileSync(index, 'something else\n'.repeat(10_000)),
    /its header is not readable/,
  ],
  'half of it': [(index) => truncateSync(index, 8192), undefined],
  'the log itself': [(index) => copyFileSync(source, index), /its header is not readable/],
};

for (const [what, [spoil, failure]] of Object.entries(spoiled)) {
  test(`${what} in the place of the index file is ignored, and replaced at the end`, async (t) => {
    const work = copied(t);
    spoil(work.index);
    if (failure !== undefined) {
      await isIndexedAgain(work, await isReplayed(work, failure));
      return;
    }
    // The beginning fits, so that only a read finds out.
    const store = await work.open();
    await hasEverything(store);
    must(await store.ready());
    await hasEverything(store);
  });
}

test('the index file of another log is ignored, and so is one that was left by an older state of the log', async (t) => {
  const work = copied(t);
  const other = await openAt(work, work.file('other.wal'));
  must(await other.put('other', 'x'.repeat(2 << 20)));
  must(await other.close());
  copyFileSync(work.file('other.wal.index'), work.index);
  const store = await isReplayed(work, /made for another log/);
  must(await store.compact());
  assert.equal(store.stats().indexFailure, undefined);
  assert.match(store.recoveryReport().indexFailure, /made for another log/);
  must(await store.close());
  copyFileSync(`${source}.index`, work.index);
  await isIndexedAgain(work, await isReplayed(work, /made for another log/));
});

test('an index file beside a shorter copy of the log is ignored', async (t) => {
  const work = copied(t);
  const store = await work.open();
  for (let n = 0; n < 3; n += 1) must(await store.put('more', 'x'.repeat(1 << 20)));
  must(await store.remove('more'));
  must(await store.compact());
  must(await store.close());
  const short = readFileSync(work.log);
  const longer = await work.open();
  const puts = Array.from({ length: 11_000 }, (_, n) => longer.put(`extra/${n}`, 'x'));
  for (const result of await Promise.all(puts)) must(result);
  must(await longer.close());
  writeFileSync(work.log, short);
  const cut = await work.open();
  assert.match(cut.recoveryReport().indexFailure, /not the one any more/);
  assert.deepEqual(dump(cut), expected);
});

test('an index file that fits stands for the log although later writes followed it', async (t) => {
  const work = copied(t);
  const store = await work.open();
  must(await store.ready());
  await change(store);
  const changed = dump(store);
  must(await store.close());
  copyFileSync(`${source}.index`, work.index);
  const again = await work.open();
  assert.ok(again.recoveryReport().indexedSequence > 0);
  assert.deepEqual(dump(again), changed);
  must(await again.ready());
  assert.deepEqual(dump(again), changed);
});

test('a backup has no index file of another log', async (t) => {
  const work = copied(t);
  const store = await work.open();
  must(await store.backup(work.file('backup.wal')));
  assert.equal(existsSync(work.file('backup.wal.index')), false);
  must(await store.close());
  copyFileSync(work.index, work.file('backup.wal.index'));
  const backup = await openAt(work, work.file('backup.wal'));
  assert.match(backup.recoveryReport().indexFailure, /made for another log/);
  await hasEverything(backup);
});

test('a folder in the place of the index file, or of the one in the making, stays', async (t) => {
  const work = copied(t);
  rmSync(work.index);
  mkdirSync(work.index);
  let store = await isReplayed(work, /not a regular file/);
  must(await store.compact());
  assert.match(store.stats().indexFailure, /store\.wal\.index is not a file/);
  must(await store.close());
  assert.ok(statSync(work.index).isDirectory());
  rmSync(work.index, { recursive: true });
  mkdirSync(work.file('store.wal.index.new'));
  store = await isReplayed(work);
  must(await store.compact());
  assert.match(store.stats().indexFailure, /store\.wal\.index\.new is not a file/);
  must(await store.close());
  assert.ok(statSync(work.file('store.wal.index.new')).isDirectory());
  assert.equal(existsSync(work.index), false);
});

test('a link in the place of the index file gives way to a file, and its target stays as it is', async (t) => {
  const work = copied(t);
  rmSync(work.index);
  writeFileSync(work.file('target'), 'precious');
  symlinkSync(work.file('target'), work.index);
  const store = await isReplayed(work, /its header is not readable/);
  await isIndexedAgain(work, store);
  assert.equal(readFileSync(work.file('target'), 'utf8'), 'precious');
});

test('what took the place of the index file while the store was open is not written to', async (t) => {
  const work = copied(t);
  const precious = 'precious\n'.repeat(10_000);
  for (const put of [writeFileSync, linkTo]) {
    const store = await work.open();
    must(await store.ready());
    must(await store.put('more', 'x'));
    must(await store.remove('more'));
    rmSync(work.index);
    put(work.index, precious);
    must(await store.close());
    assert.equal(readFileSync(work.index, 'utf8'), precious);
    rmSync(work.index);
    copyFileSync(`${source}.index`, work.index);
  }

  function linkTo(path, text) {
    writeFileSync(work.file('target'), text);
    symlinkSync(work.file('target'), path);
  }
});

test('verify: "first" reads the whole log, and the store is ready at once', async (t) => {
  const work = copied(t);
  const store = await work.open({ verify: 'first' });
  assert.equal(store.stats().ready, true);
  assert.equal(store.recoveryReport().bytesUnverified, 0);
  await hasEverything(store);
  await isIndexedAgain(work, store);
});

test('opening again replays the whole log', async (t) => {
  const store = await copied(t).open();
  assert.ok(must(await store.recover()).records > 0);
  assert.equal(store.stats().ready, true);
  await hasEverything(store);
});

test('a read that meets damage behind the index file fails, whether the store was ready or not', async (t) => {
  const work = copied(t);
  const bytes = readFileSync(work.log);
  bytes[bytes.indexOf('4444 the same words')] ^= 1;
  writeFileSync(work.log, bytes);
  const [[key]] = expected.filter(([, value]) => value.startsWith('4444 '));
  const found = /frame 5 cannot be read/;
  const opened = await StoreEngine.open(StoreConfig.durable(work.log, MANUAL));
  if (opened.isOk()) {
    const store = work.track(must(opened));
    throws(() => store.getString(key), 'store_error', found);
    throws(() => store.getString('back'), 'store_error', found);
    must(await store.close());
  } else {
    // The replay found it before the opening was done.
    refused(opened, 'store_error', found);
  }
  assert.ok(readFileSync(work.log).equals(bytes));
});

test('readers of logs neither need an index file nor make one', async (t) => {
  const work = copied(t);
  const files = filesOf(work.dir);
  assert.deepEqual(dump(must(await SnapshotBuilderStore.build(work.log))), expected);
  writeFileSync(work.index, 'nonsense');
  assert.deepEqual(dump(must(await SnapshotBuilderStore.build(work.log))), expected);
  rmSync(work.index);
  assert.deepEqual(dump(must(await SnapshotBuilderStore.build(work.log))), expected);
  delete files['store.wal.index'];
  assert.deepEqual(filesOf(work.dir), files);
});

test('the name of an index file is no name of a log', async (t) => {
  const work = workspace(t);
  for (const name of ['a.wal.index', 'b.INDEX', 'a.index.new', 'a.Durable']) {
    const opened = await StoreEngine.open(StoreConfig.durable(work.file(name)));
    refused(opened, 'invalid_argument', /names that end in \.lock, \.new, \.index or \.durable/);
    assert.equal(existsSync(work.file(name)), false);
  }
});
