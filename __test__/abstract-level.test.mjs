// The adapter keeps what abstract-level promises of a database, and what the store promises of a write.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { SoftadastraLevel } from '@softadastra/store/abstract-level';
import fc from 'fast-check';
import { childFile, must, workspace } from './helpers.mjs';

const run = promisify(execFile);

function levelIn(t) {
  const opened = [];
  // Before the folder is removed: a close makes the log durable under its name.
  t.after(() => Promise.all(opened.map((db) => db.close())));
  const { file } = workspace(t);
  const open = async (options) => {
    const db = new SoftadastraLevel(file(), options);
    opened.push(db);
    await db.open();
    return db;
  };
  return { file, open };
}

test("abstract-level's own suite passes", { timeout: 300_000 }, async (t) => {
  const { stdout } = await run(process.execPath, [childFile('../suites/abstract-level.mjs')], {
    maxBuffer: 1 << 28,
  }).catch((error) => assert.fail(`${error.stdout}${error.stderr}`));
  const summary = stdout.trim().split('\n').at(-1);
  const [, tests, skipped, failed] = /(\d+) tests \((\d+) skipped\).* (\d+) failed/.exec(summary);
  assert.ok(Number(tests) > 1400, summary);
  assert.deepEqual([skipped, failed], ['0', '0'], summary);
  t.diagnostic(summary);
});

test('keys of any bytes stay different and in the order of their bytes', async (t) => {
  const { open } = levelIn(t);
  const db = await open({ keyEncoding: 'buffer', valueEncoding: 'buffer', autoFlush: false });
  // Few different bytes, so that keys share beginnings; the edges of UTF-8 among them.
  const byte = fc.constantFrom(0, 1, 0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xc3, 0xe2, 0xed, 0xf4, 0xff);
  const key = fc.array(byte, { maxLength: 6 }).map((bytes) => Buffer.from(bytes));
  await fc.assert(
    fc.asyncProperty(fc.array(key, { maxLength: 30 }), key, async (keys, bound) => {
      await db.clear();
      await db.batch(keys.map((each) => ({ type: 'put', key: each, value: each })));
      const distinct = [...new Map(keys.map((each) => [each.toString('hex'), each])).values()];
      const sorted = distinct.sort(Buffer.compare);
      assert.deepEqual(await db.keys().all(), sorted);
      assert.deepEqual(await db.values({ reverse: true }).all(), sorted.toReversed());
      const after = sorted.filter((each) => Buffer.compare(each, bound) > 0);
      assert.deepEqual(await db.keys({ gt: bound }).all(), after);
      const iterator = db.keys();
      iterator.seek(bound);
      const from = sorted.filter((each) => Buffer.compare(each, bound) >= 0);
      assert.deepEqual(await iterator.all(), from);
      for (const each of keys) {
        assert.deepEqual(await db.get(each), each);
      }
    }),
  );
});

test('a key is the same key as text and as bytes', async (t) => {
  const { open } = levelIn(t);
  const db = await open();
  for (const key of ['', '\0', 'plain', 'ключ', '\u{10ffff}']) {
    await db.put(key, `value of ${key}`);
    assert.equal(await db.get(Buffer.from(key), { keyEncoding: 'buffer' }), `value of ${key}`);
    const view = new TextEncoder().encode(key);
    assert.equal(db.getSync(view, { keyEncoding: 'view' }), `value of ${key}`);
  }
  assert.deepEqual(await db.keys().all(), ['', '\0', 'plain', 'ключ', '\u{10ffff}']);
});

test('what was written is there after a restart, and ASCII keys are those of the store', async (t) => {
  const { file, open } = levelIn(t);
  const first = await open();
  await first.put('user:1', 'Ada');
  await first.sublevel('sub').put('a', Buffer.from([0, 255]), { valueEncoding: 'buffer' });
  await first.close();

  const engine = must(await StoreEngine.open(StoreConfig.durable(file())));
  assert.deepEqual([...engine.keys()], ['!sub!a', 'user:1']);
  assert.equal(engine.getString('user:1'), 'Ada');
  await engine.close();

  const second = await open();
  assert.equal(await second.get('user:1'), 'Ada');
  const bytes = await second.sublevel('sub', { valueEncoding: 'buffer' }).get('a');
  assert.deepEqual(bytes, Buffer.from([0, 255]));
});

test('a database that is open elsewhere is locked', async (t) => {
  const { open } = levelIn(t);
  await open();
  await assert.rejects(open(), (error) => {
    assert.equal(error.code, 'LEVEL_DATABASE_NOT_OPEN');
    assert.equal(error.cause.code, 'LEVEL_LOCKED');
    assert.equal(error.cause.cause.codeString(), 'invalid_state');
    return true;
  });
});

test('a damaged log is corruption and stays as it is; a missing folder is an IO error', async (t) => {
  const { file, open } = levelIn(t);
  const db = await open();
  await db.put('a', 'value of a');
  await db.close();
  const damaged = readFileSync(file());
  damaged[damaged.indexOf('value of a')] ^= 1;
  writeFileSync(file(), damaged);
  await assert.rejects(open(), ({ cause }) => cause.code === 'LEVEL_CORRUPTION');
  assert.ok(readFileSync(file()).equals(damaged));

  const nowhere = new SoftadastraLevel(file('no/such/folder.wal'));
  await assert.rejects(nowhere.open(), ({ cause }) => cause.code === 'LEVEL_IO_ERROR');
});

test('createIfMissing and errorIfExists create and change nothing', async (t) => {
  const { file, open } = levelIn(t);
  await assert.rejects(open({ createIfMissing: false }), /failed to open/);
  assert.equal(existsSync(file()), false);
  assert.equal(existsSync(`${file()}.lock`), false);
  const db = await open();
  await db.put('a', '1');
  await db.close();
  await assert.rejects(open({ errorIfExists: true }), /failed to open/);
  assert.equal(await (await open()).get('a'), '1');
});

test('a wrong option is refused by its name', async (t) => {
  const { open } = levelIn(t);
  await assert.rejects(open({ autoFlush: 'no' }), ({ cause }) => /autoFlush/.test(cause.message));
});

test('keys and values that cannot be stored are refused and nothing of their batch is written', async (t) => {
  const { open } = levelIn(t);
  const db = await open();
  const code = (expected) => (error) => error.code === expected;
  await assert.rejects(db.put('\ud800', 'x'), code('LEVEL_INVALID_KEY'));
  await assert.rejects(db.put('k'.repeat(1024 * 1024 + 1), 'x'), code('LEVEL_INVALID_KEY'));
  await assert.rejects(db.get('\ud800'), code('LEVEL_INVALID_KEY'));
  await assert.rejects(db.put('a', 'x\ud800'), code('LEVEL_INVALID_VALUE'));
  await assert.rejects(
    db.batch([
      { type: 'put', key: 'good', value: 'x' },
      { type: 'put', key: 'k'.repeat(1024 * 1024 + 1), value: 'x' },
    ]),
    code('LEVEL_INVALID_KEY'),
  );
  await assert.rejects(
    db.batch([
      { type: 'put', key: 'good', value: 'x' },
      { type: 'put', key: 'bad', value: '\ud800' },
    ]),
    code('LEVEL_INVALID_VALUE'),
  );
  assert.deepEqual(await db.keys().all(), []);
});

test('a key that was written past the adapter is reported, not changed into another', async (t) => {
  const { open } = levelIn(t);
  const db = await open();
  must(await db.engine.put('ключ', 'x'));
  await assert.rejects(db.keys().all(), ({ code, cause }) => {
    assert.equal(code, 'LEVEL_DECODE_ERROR');
    assert.match(cause?.message ?? 'written through abstract-level', /abstract-level/);
    return true;
  });
});

test('every write is synced by default, and on request when it is not', async (t) => {
  const { open } = levelIn(t);
  const durable = await open();
  let { syncs } = durable.engine.stats();
  await durable.put('a', '1');
  assert.ok(durable.engine.stats().syncs > syncs);
  await durable.close();

  const fast = await open({ autoFlush: false });
  // The first write after an opening makes what was read durable.
  await fast.put('a', '1');
  syncs = fast.engine.stats().syncs;
  await fast.put('a', '2');
  assert.equal(fast.engine.stats().syncs, syncs);
  await fast.put('b', '3', { sync: true });
  assert.ok(fast.engine.stats().syncs > syncs);
});

test('clear removes what was there, whatever the number, and nothing outside its range', async (t) => {
  const { open } = levelIn(t);
  const db = await open();
  const keys = Array.from({ length: 2500 }, (_, i) => `k${String(i).padStart(4, '0')}`);
  await db.batch(keys.map((key) => ({ type: 'put', key, value: 'x' })));
  const cleared = db.clear({ gte: 'k0100', lt: 'k2400' });
  await db.put('k2399!', 'later');
  await cleared;
  assert.deepEqual(await db.keys().all(), [...keys.slice(0, 100), 'k2399!', ...keys.slice(2400)]);
  await db.clear({ limit: 10, reverse: true });
  assert.deepEqual((await db.keys().all()).at(-1), 'k2489');
});

test('an iterator shows the moment at which it was made', async (t) => {
  const { open } = levelIn(t);
  const db = await open();
  await db.batch(['a', 'b', 'c'].map((key) => ({ type: 'put', key, value: 'old' })));
  const iterator = db.iterator();
  await db.clear();
  await db.put('d', 'new');
  assert.deepEqual(await iterator.all(), [
    ['a', 'old'],
    ['b', 'old'],
    ['c', 'old'],
  ]);
});

test('a snapshot that is closed cannot be read, sought or not', async (t) => {
  const { open } = levelIn(t);
  const db = await open();
  const snapshot = db.snapshot();
  const iterator = db.keys({ snapshot });
  await snapshot.close();
  iterator.seek('a');
  await assert.rejects(iterator.next(), ({ code }) => code === 'LEVEL_SNAPSHOT_NOT_OPEN');
});

test('no iterator, snapshot or clear that is over holds a state of the store', async (t) => {
  const { open } = levelIn(t);
  const db = await open();
  const held = () => db.engine.stats().snapshots;
  await db.batch(Array.from({ length: 20 }, (_, n) => ({ type: 'put', key: `k${n}`, value: 'v' })));
  for (const kind of ['iterator', 'keys', 'values']) {
    for await (const _ of db[kind]()) {
      assert.equal(held(), 1);
    }
    assert.equal(held(), 0, `${kind} that was read to its end`);
    for await (const _ of db[kind]()) break;
    assert.equal(held(), 0, `${kind} that was left`);
    await assert.rejects(async () => {
      for await (const _ of db[kind]()) throw new Error('thrown');
    }, /thrown/);
    await db[kind]({ limit: 3 }).all();
    await db[kind]().close();
    assert.equal(held(), 0, `${kind} that was closed`);
  }
  for (const kind of ['iterator', 'keys', 'values']) {
    const left = db[kind]({ limit: 3 });
    for (let n = 0; n < 3; n += 1) {
      assert.equal(held(), 1);
      await left.next();
    }
    assert.equal(held(), 0, `${kind} that has given all that its limit allows`);
    left.seek('k0');
    assert.equal(await left.next(), undefined);
    const pages = db[kind]({ limit: 3 });
    await pages.nextv(2);
    pages.seek('k0');
    assert.equal((await pages.nextv(9)).length, 1);
    db[kind]({ limit: 0 });
    assert.equal(held(), 0);
  }
  const snapshot = db.snapshot();
  await db.iterator({ snapshot }).all();
  assert.equal(held(), 1, 'an iterator does not close a snapshot that is not its own');
  await snapshot.close();
  await db.clear({ limit: 5 });
  assert.equal(held(), 0);
});
