// A real file system that is full: the group that finds no room fails as a whole, and writing goes on when there is room
// again, without reopening the store.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { must, refused, workspace } from './helpers.mjs';

/** Mounts a file system of 8 MiB for the length of the test; nothing, with the reason told, where that is forbidden. */
function smallDisk(t) {
  if (process.platform !== 'linux') return t.skip('tmpfs is of Linux');
  const { dir } = workspace(t);
  const made = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', dir], {
    encoding: 'utf8',
  });
  if (made.status !== 0) {
    return t.skip(`no file system may be mounted: ${(made.stderr ?? made.error.message).trim()}`);
  }
  return dir;
}

test('a full disk refuses writes, keeps what was acknowledged, and takes writes again when there is room', async (t) => {
  const dir = smallDisk(t);
  if (!dir) return;
  const log = path.join(dir, 'store.wal');
  const config = StoreConfig.durable(log);
  let store = must(await StoreEngine.open(config));
  try {
    const ballast = path.join(dir, 'ballast');
    writeFileSync(ballast, Buffer.alloc(3 << 20));
    const acknowledged = [];
    let failure;
    for (let n = 0; failure === undefined; n += 1) {
      const results = await Promise.all([
        store.put(`k${n}`, 'x'.repeat(200_000)),
        store.put(`s${n}`, 'small'),
      ]);
      if (results.every((result) => result.isOk())) acknowledged.push(`k${n}`, `s${n}`);
      else failure = results[0];
    }
    refused(failure, 'io_error', /WAL append failed at sequence \d+, byte \d+: no space left/);
    assert.equal(store.size(), acknowledged.length);
    assert.ok(acknowledged.length > 10 && acknowledged.every((key) => store.contains(key)));
    assert.equal(store.stats().poisoned, false);
    refused(await store.put('again', 'x'.repeat(3 << 20)), 'io_error', /no space left/);
    rmSync(ballast);
    must(await store.put('again', 'x'.repeat(2 << 20)));
    acknowledged.push('again');
    must(await store.close());
    store = must(await StoreEngine.open(config));
    assert.deepEqual([...store.keys()].sort(), acknowledged.sort());
  } finally {
    await store.close();
    spawnSync('umount', [dir]);
  }
});

test('a full disk refuses what is done when it returns, with what shares its group, and takes it again', async (t) => {
  const dir = smallDisk(t);
  if (!dir) return;
  const store = must(await StoreEngine.open(StoreConfig.durable(path.join(dir, 'store.wal'))));
  try {
    must(store.putSync('first', 'x'.repeat(1 << 20)));
    const later = store.put('later', 'x');
    refused(store.putSync('large', 'x'.repeat(8 << 20)), 'io_error', /no space left/);
    refused(await later, 'io_error', /no space left/);
    assert.deepEqual([...store.keys()], ['first']);
    assert.equal(must(store.putSync('second', 'x')).version, 2);
    must(store.flushSync());
  } finally {
    await store.close();
    spawnSync('umount', [dir]);
  }
});

test('a log that finds no room to be made or repaired says so, and opens once there is', async (t) => {
  const dir = smallDisk(t);
  if (!dir) return;
  const config = StoreConfig.durable(path.join(dir, 'store.wal'));
  const ballast = path.join(dir, 'ballast');
  try {
    writeFileSync(ballast, Buffer.alloc(8 << 20));
  } catch {
    // As full as it gets.
  }
  try {
    refused(await StoreEngine.open(config), 'io_error', /no space left/);
    rmSync(ballast);
    const store = must(await StoreEngine.open(config));
    must(await store.put('a', '1'));
    must(await store.close());
  } finally {
    spawnSync('umount', [dir]);
  }
});

test('with little room left each small write that fits is taken', async (t) => {
  const dir = smallDisk(t);
  if (!dir) return;
  const store = must(await StoreEngine.open(StoreConfig.durable(path.join(dir, 'store.wal'))));
  try {
    // The step of the space ahead is an eighth of the log: more than what is left.
    for (let n = 0; n < 27; n += 1) must(await store.put(`large/${n}`, 'x'.repeat(250_000)));
    const { bavail, bsize } = statfsSync(dir);
    writeFileSync(path.join(dir, 'ballast'), Buffer.alloc(bavail * bsize - (400 << 10)));
    let written = 0;
    while ((await store.put(`small/${written}`, 'x'.repeat(900))).isOk()) written += 1;
    const left = statfsSync(dir);
    assert.ok(written >= 380 && written <= 420, `${written} writes of 1 KB in 400 KiB`);
    assert.ok(left.bavail * left.bsize < 128 << 10, 'nothing is held back');
    assert.equal(store.size(), 27 + written);
  } finally {
    await store.close();
    spawnSync('umount', [dir]);
  }
});

test('a store that is closed on a full disk can be opened there', async (t) => {
  const dir = smallDisk(t);
  if (!dir) return;
  const log = path.join(dir, 'store.wal');
  try {
    for (const make of [StoreConfig.durable, StoreConfig.fast]) {
      let store = must(await StoreEngine.open(make(log)));
      // Frames of 1,024 and of 96 bytes, after which no page has room for the seal.
      for (const size of [940, 12]) {
        const key = (n) => `${size}`.padEnd(4, '/') + `${n}`.padStart(6, '0');
        for (let n = 0; (await store.put(key(n), 'x'.repeat(size))).isOk(); ) n += 1;
      }
      const size = store.size();
      refused(await store.close(), 'io_error', /no space left/);
      store = must(await StoreEngine.open(make(log)));
      assert.equal(store.recoveryReport().bytesCut, 0);
      assert.equal(store.size(), size);
      refused(await store.close(), 'io_error', /no space left/);
      rmSync(log);
    }
  } finally {
    spawnSync('umount', [dir]);
  }
});

test('a torn tail that a full disk has no room for is named with its size, and opens when there is room', async (t) => {
  const dir = smallDisk(t);
  if (!dir) return;
  const log = path.join(dir, 'store.wal');
  const ballast = path.join(dir, 'ballast');
  try {
    let store = must(await StoreEngine.open(StoreConfig.durable(log)));
    must(await store.put('a', '1'));
    must(await store.close());
    const tail = Buffer.alloc(100_000, 7);
    appendFileSync(log, tail);
    const bytes = readFileSync(log);
    const { bavail, bsize } = statfsSync(dir);
    writeFileSync(ballast, Buffer.alloc(bavail * bsize - (64 << 10)));
    const error = refused(
      await StoreEngine.open(StoreConfig.durable(log)),
      'io_error',
      /no space left/,
    );
    assert.match(error.message, /cannot be saved .* 100000 bytes are needed: /);
    assert.ok(error.message.includes(`${log}.cut-`), error.message);
    assert.ok(readFileSync(log).equals(bytes));
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.includes('.cut-')),
      [],
    );
    rmSync(ballast);
    store = new StoreEngine(StoreConfig.durable(log));
    const report = must(await store.recover());
    assert.ok(readFileSync(report.cutSavedTo).equals(tail));
    assert.equal(store.getString('a'), '1');
    must(await store.close());
  } finally {
    spawnSync('umount', [dir]);
  }
});

test('a compaction that finds no room keeps the old log, says so, and writes go on', async (t) => {
  const dir = smallDisk(t);
  if (!dir) return;
  const config = StoreConfig.durable(path.join(dir, 'store.wal'), { compaction: false });
  let store = must(await StoreEngine.open(config));
  try {
    for (let n = 0; n < 20; n += 1) must(await store.put(`k${n}`, `${n}`.repeat(100_000)));
    const ballast = path.join(dir, 'ballast');
    const room = statSync(path.join(dir, 'store.wal')).size + (1 << 20);
    writeFileSync(ballast, Buffer.alloc((8 << 20) - room));
    const { logBytes } = store.stats();
    refused(await store.compact(), 'io_error', /no space left/);
    assert.equal(store.stats().lastCompactionError.codeString(), 'io_error');
    assert.deepEqual([store.stats().logBytes, store.stats().compactions], [logBytes, 0]);
    assert.equal(existsSync(path.join(dir, 'store.wal.new')), false);
    must(await store.put('after', '1'));
    rmSync(ballast);
    must(await store.compact());
    assert.equal(store.stats().lastCompactionError, undefined);
    must(await store.put('later', '2'));
    must(await store.close());
    store = must(await StoreEngine.open(config));
    assert.equal(store.size(), 22);
    assert.equal(store.getString('k13'), '13'.repeat(100_000));
  } finally {
    await store.close();
    spawnSync('umount', [dir]);
  }
});

test('a backup that finds no room leaves nothing, and writes go on', async (t) => {
  const dir = smallDisk(t);
  if (!dir) return;
  const store = must(await StoreEngine.open(StoreConfig.durable(path.join(dir, 'store.wal'))));
  try {
    for (let n = 0; n < 20; n += 1) must(await store.put(`k${n}`, 'x'.repeat(250_000)));
    const copy = path.join(dir, 'copy.wal');
    refused(await store.backup(copy), 'io_error', /no space left/);
    assert.deepEqual([existsSync(copy), existsSync(`${copy}.new`)], [false, false]);
    must(await store.put('after', '1'));
  } finally {
    await store.close();
    spawnSync('umount', [dir]);
  }
});
