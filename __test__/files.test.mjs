// A path that cannot be a log is refused with an error that names it, and a file that is not ours is never touched.

import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { SnapshotBuilderStore, StoreConfig, StoreEngine, salvage } from '@softadastra/store';
import { dump, filesOf, must, refused, runChild, workspace } from './helpers.mjs';

const MAGIC = Buffer.from([0x89, 0x53, 0x44, 0x53, 0x54, 0x0d, 0x0a, 0x1a]);
const HEADER_SIZE = 64;
const VERSION_AT = 8;

async function openRefused(file, code, message) {
  const error = refused(await StoreEngine.open(StoreConfig.durable(file)), code, message);
  assert.ok(error.message.includes(file), `"${error.message}" names the path`);
  return error;
}

/** Opening and building refuse `bytes`, and neither changes them nor adds anything but the lock file. */
async function checkUntouched(t, bytes, message) {
  const { dir, file } = workspace(t);
  writeFileSync(file(), bytes);
  await openRefused(file(), 'store_error', message);
  refused(await SnapshotBuilderStore.build(file()), 'store_error', message);
  const fast = await StoreEngine.open(StoreConfig.fast(file()));
  refused(fast, 'store_error', message);
  assert.ok(readFileSync(file()).equals(bytes), 'the file is as it was');
  assert.deepEqual(
    readdirSync(dir).filter((name) => !/\.(?:lock|durable)$/.test(name)),
    ['store.wal'],
  );
}

/** A real log, closed in order, with two commits in it. */
async function writtenLog(t) {
  const work = workspace(t);
  const store = await work.open();
  must(await store.put('first', 'value of the first'));
  must(await store.put('second', 'value of the second'));
  must(await store.close());
  return { ...work, bytes: readFileSync(work.file()) };
}

for (const [what, bytes] of [
  ['text', Buffer.from('# Shopping list\n\n- bread\n- salt\n'.repeat(20))],
  ['one byte', Buffer.from('x')],
  ['an SQLite database', Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(4096)])],
  ['a PNG picture', Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(500)])],
  ['half of our magic', MAGIC.subarray(0, 4)],
  ['zeros', Buffer.alloc(4096)],
]) {
  test(`a file that holds ${what} is not ours and is never touched`, async (t) => {
    await checkUntouched(t, bytes, /not a store log/);
  });
}

test('a file of zero bytes is refused and stays empty', async (t) => {
  await checkUntouched(t, Buffer.alloc(0), /not a store log.*empty|empty/);
});

test('a header that is damaged or cut short is refused and stays as it is', async (t) => {
  const { bytes } = await writtenLog(t);
  const damaged = Buffer.from(bytes);
  damaged[20] ^= 1;
  await checkUntouched(t, damaged);
  await checkUntouched(t, bytes.subarray(0, HEADER_SIZE - 1));
});

for (const [what, version] of [
  ['older', 0],
  ['newer', 2],
  ['far newer', 65535],
]) {
  test(`a log of an ${what} format version is refused and stays as it is`, async (t) => {
    const { bytes } = await writtenLog(t);
    assert.equal(bytes.readUInt16LE(VERSION_AT), 1);
    const other = Buffer.from(bytes);
    other.writeUInt16LE(version, VERSION_AT);
    await checkUntouched(t, other, new RegExp(`version ${version}\\b`));
  });
}

test('a damaged record is corruption: the place is named, nothing is changed', async (t) => {
  const { bytes } = await writtenLog(t);
  const damaged = Buffer.from(bytes);
  damaged[damaged.indexOf('value of the first')] ^= 1;
  const message = /corrupted WAL record at sequence 1, byte \d+/;
  await checkUntouched(t, damaged, message);
});

test('the last record of a closed log is guarded too', async (t) => {
  const { bytes } = await writtenLog(t);
  const damaged = Buffer.from(bytes);
  damaged[damaged.indexOf('value of the second')] ^= 1;
  await checkUntouched(t, damaged, /corrupted WAL record at sequence 2, byte \d+/);
});

test('a folder is not a log', async (t) => {
  const { dir, file } = workspace(t);
  mkdirSync(file('folder.wal'));
  await openRefused(file('folder.wal'), 'io_error', /directory/);
  await openRefused(dir, 'io_error', /directory/);
  refused(await SnapshotBuilderStore.build(dir), 'io_error', /directory/);
  assert.deepEqual(readdirSync(file('folder.wal')), []);
});

test('a path with the end of that of a folder is refused by every call, and makes nothing', async (t) => {
  const { dir, file, open } = await writtenLog(t);
  const store = await open();
  for (const end of ['/', '//', '/.', '/./']) {
    for (const name of ['new.wal', 'store.wal']) {
      const odd = file(name) + end;
      const check = (result) => refused(result, 'invalid_argument', /ends like that of a folder/);
      check(await StoreEngine.open(StoreConfig.durable(odd)));
      check(await SnapshotBuilderStore.build(odd));
      check(await salvage(odd, file('to.wal')));
      check(await salvage(file(), odd));
      check(await store.backup(odd));
    }
  }
  assert.deepEqual(readdirSync(dir).sort(), ['store.wal', 'store.wal.durable', 'store.wal.lock']);
});

test('a missing parent folder is named and not created', async (t) => {
  const { dir, file } = workspace(t);
  const error = refused(
    await StoreEngine.open(StoreConfig.durable(file('no/such/store.wal'))),
    'io_error',
    /directory does not exist/,
  );
  assert.ok(error.message.includes(file('no/such')), error.message);
  assert.deepEqual(readdirSync(dir), []);
});

test('a parent that is a file is refused', async (t) => {
  const { dir, file } = workspace(t);
  writeFileSync(file('file'), 'x');
  refused(await StoreEngine.open(StoreConfig.durable(file('file/store.wal'))), 'io_error');
  assert.deepEqual(filesOf(dir), { file: Buffer.from('x').toString('hex') });
});

test('a path that is too long is refused', async (t) => {
  const { dir, file } = workspace(t);
  refused(await StoreEngine.open(StoreConfig.durable(file('x'.repeat(5000)))), 'io_error');
  assert.deepEqual(readdirSync(dir), []);
});

test('a log opened through a symbolic link is the log that it points to', async (t) => {
  const work = await writtenLog(t);
  symlinkSync(work.file(), work.file('link.wal'));
  const store = await work.open('link.wal');
  assert.equal(store.size(), 2);
  await store.put('third', 'x');
  await store.close();
  assert.equal((await work.open()).size(), 3);
});

/** Runs `open.mjs` as somebody without rights to files of this process, even when this process is root. */
async function openAsStranger(file) {
  const root = process.getuid() === 0;
  const child = await runChild('open.mjs', [file], root ? { uid: 65534, gid: 65534 } : {});
  assert.deepEqual([child.code, child.stderr], [0, '']);
  return JSON.parse(child.stdout);
}

const noPosix = process.platform === 'win32' && 'rights of files differ on Windows';

test('a log that may not be read is refused with its path', { skip: noPosix }, async (t) => {
  const { dir, file, bytes } = await writtenLog(t);
  chmodSync(dir, 0o777);
  chmodSync(file(), 0o000);
  const opened = await openAsStranger(file());
  chmodSync(file(), 0o600);
  assert.deepEqual([opened.ok, opened.code], [false, 'io_error']);
  assert.match(opened.message, /permission denied/);
  assert.ok(opened.message.includes(file()), opened.message);
  assert.ok(readFileSync(file()).equals(bytes));
});

test('a log that may not be written is refused with its path', { skip: noPosix }, async (t) => {
  const { dir, file, bytes } = await writtenLog(t);
  chmodSync(dir, 0o777);
  chmodSync(file(), 0o444);
  const opened = await openAsStranger(file());
  assert.deepEqual([opened.ok, opened.code], [false, 'io_error']);
  assert.match(opened.message, /permission denied/);
  assert.ok(readFileSync(file()).equals(bytes));
});

test('a log cannot be created in a read-only folder', { skip: noPosix }, async (t) => {
  const { dir, file } = workspace(t);
  chmodSync(dir, 0o555);
  const opened = await openAsStranger(file());
  assert.deepEqual([opened.ok, opened.code], [false, 'io_error']);
  assert.match(opened.message, /permission denied/);
  assert.ok(opened.message.includes(dir), opened.message);
  assert.deepEqual(readdirSync(dir), []);
});

test('a folder that may not be entered is refused', { skip: noPosix }, async (t) => {
  const { dir, file } = await writtenLog(t);
  chmodSync(dir, 0o000);
  const opened = await openAsStranger(file());
  chmodSync(dir, 0o755);
  assert.deepEqual([opened.ok, opened.code], [false, 'io_error']);
  assert.match(opened.message, /permission denied/);
});

test('somebody with rights to the folder can use a log of their own', {
  skip: noPosix,
}, async (t) => {
  const { dir, file } = workspace(t);
  chmodSync(dir, 0o755);
  if (process.getuid() === 0) chownSync(dir, 65534, 65534);
  assert.deepEqual(await openAsStranger(file()), { ok: true, size: 0 });
  assert.equal(existsSync(file()), true);
});

test('a log that was moved opens where it is now', async (t) => {
  const { file, open, bytes } = await writtenLog(t);
  mkdirSync(file('elsewhere'));
  writeFileSync(file(path.join('elsewhere', 'moved.wal')), bytes);
  const store = await open(path.join('elsewhere', 'moved.wal'));
  assert.deepEqual(dump(store), [
    ['first', 'value of the first', 1],
    ['second', 'value of the second', 2],
  ]);
});

test('a name that leaves no room for the names beside a log is refused when the log is made', async (t) => {
  const { dir, file } = workspace(t);
  for (const length of [239, 245, 250]) {
    const name = `${'n'.repeat(length - 4)}.wal`;
    await openRefused(file(name), 'invalid_argument', /name is too long for the files beside/);
  }
  assert.deepEqual(readdirSync(dir), []);
});

test('a torn log that has such a name already is opened, and what is cut off is saved', async (t) => {
  const work = await writtenLog(t);
  const tail = Buffer.alloc(1000, 7);
  for (const length of [239, 245, 250]) {
    const name = `${'n'.repeat(length - 4)}.wal`;
    writeFileSync(work.file(name), Buffer.concat([work.bytes, tail]));
    const store = work.track(new StoreEngine(StoreConfig.durable(work.file(name))));
    const report = must(await store.recover());
    assert.ok(readFileSync(report.cutSavedTo).equals(tail));
    assert.equal(store.getString('second'), 'value of the second');
    must(await store.put('third', 'value'));
  }
});

test('a store that was only read is closed also when its folder is gone by then', async (t) => {
  const { dir, file, track } = await writtenLog(t);
  const folder = path.join(dir, 'folder');
  mkdirSync(folder);
  copyFileSync(file(), path.join(folder, 'store.wal'));
  const config = StoreConfig.durable(path.join(folder, 'store.wal'));
  const store = track(must(await StoreEngine.open(config)));
  if (process.platform === 'win32') return t.skip('a folder with an open file stays on Windows');
  rmSync(folder, { recursive: true });
  assert.equal(store.getString('first'), 'value of the first');
  must(await store.close());
});
