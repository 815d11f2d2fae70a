// A path means what it means when the call that names it begins, whatever the working directory and links become, and a
// link to nothing leads to what is made.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import {
  Client,
  ClientOptions,
  SnapshotBuilderStore,
  StoreConfig,
  StoreEngine,
  salvage,
} from '@softadastra/store';
import { SoftadastraLevel } from '@softadastra/store/abstract-level';
import { SoftadastraKeyv } from '@softadastra/store/keyv';
import { must, refused, workspace } from './helpers.mjs';

const noLinks = process.platform === 'win32' && 'links need rights on Windows';

/** A workspace with the folders `here`, which is the working directory, and `there`. */
function twoFolders(t) {
  const work = workspace(t);
  mkdirSync(work.file('here'));
  mkdirSync(work.file('there'));
  const before = process.cwd();
  process.chdir(work.file('here'));
  t.after(() => process.chdir(before));
  return { ...work, leave: () => process.chdir(work.file('there')) };
}

async function logOf(file, key) {
  const store = must(await StoreEngine.open(StoreConfig.durable(file)));
  must(await store.put(key, key));
  must(await store.close());
}

async function keysOf(file) {
  return [...must(await SnapshotBuilderStore.build(file)).keys()];
}

/** Each opens `data.wal`, leaves for another folder as soon as the call has begun, and writes the key `a`. */
const openers = {
  async 'a constructor'({ leave, track }) {
    const store = track(new StoreEngine(StoreConfig.durable('data.wal')));
    leave();
    must(await store.recover());
    must(await store.put('a', '1'));
    must(await store.recover());
    assert.deepEqual([...store.keys()], ['a']);
  },
  async open({ leave, track }) {
    const opening = StoreEngine.open(StoreConfig.fast('./data.wal'));
    leave();
    const store = track(must(await opening));
    must(await store.put('a', '1'));
    must(await store.compact());
    must(await store.recover());
    assert.deepEqual([...store.keys()], ['a']);
  },
  async Client({ leave }) {
    const client = new Client(ClientOptions.persistent('node', 'data.wal'));
    leave();
    for (const _ of [1, 2]) {
      must(await client.open());
      must(await client.put('a', '1'));
      must(await client.close());
    }
  },
  async 'the Keyv adapter'({ leave }) {
    const keyv = new SoftadastraKeyv('data.wal');
    leave();
    await keyv.set('a', '1');
    await keyv.disconnect();
  },
  async 'the database of abstract-level'({ leave }) {
    const db = new SoftadastraLevel('data.wal');
    leave();
    await db.put('a', '1');
    await db.close();
    await db.open();
    assert.equal(await db.get('a'), '1');
    await db.close();
  },
};

for (const [name, opener] of Object.entries(openers)) {
  test(`${name} opens what its path named when it was called`, async (t) => {
    const work = twoFolders(t);
    await opener(work);
    assert.deepEqual(readdirSync(work.file('there')), []);
    assert.equal((await keysOf(work.file('here/data.wal'))).length, 1);
  });
}

test('backup, salvage and build use what their path named when they were called', async (t) => {
  const work = twoFolders(t);
  await logOf('data.wal', 'a');
  const building = SnapshotBuilderStore.build('data.wal');
  const salvaging = salvage('data.wal', 'saved.wal');
  work.leave();
  assert.equal(must(await building).size(), 1);
  assert.equal(path.basename(must(await salvaging).log), 'saved.wal');
  const store = await work.open('here/data.wal');
  process.chdir(work.file('here'));
  const backing = store.backup('copy.wal');
  work.leave();
  must(await backing);
  assert.deepEqual(readdirSync(work.file('there')), []);
  for (const name of ['saved.wal', 'copy.wal']) {
    assert.deepEqual(await keysOf(work.file(`here/${name}`)), ['a']);
  }
});

test('`..` leads out of the folder that a link stands for', { skip: noLinks }, async (t) => {
  const work = twoFolders(t);
  mkdirSync(work.file('there/deep'));
  symlinkSync(work.file('there/deep'), 'link');
  await logOf('link/../data.wal', 'a');
  assert.deepEqual(await keysOf(work.file('there/data.wal')), ['a']);
});

test('a relative path without a working directory is an error', {
  skip: process.platform !== 'linux' && 'the directory cannot be removed under a process',
}, async (t) => {
  const work = twoFolders(t);
  const store = await work.open('there/data.wal');
  // Node.js remembers the directory from one call to the next, until it is changed.
  process.chdir(work.file('here'));
  rmSync(work.file('here'), { recursive: true });
  const lost = /working directory does not exist.*other\.wal/;
  const config = StoreConfig.durable('other.wal');
  refused(await StoreEngine.open(config), 'io_error', lost);
  refused(await store.backup('other.wal'), 'io_error', lost);
  refused(await SnapshotBuilderStore.build('other.wal'), 'io_error', lost);
  refused(await salvage('other.wal', work.file('x.wal')), 'io_error', lost);
  const client = new Client(ClientOptions.persistent('node', 'other.wal'));
  refused(await client.open(), 'io_error', lost);
});

test('a store keeps the file that it opened when a link is turned elsewhere', {
  skip: noLinks,
}, async (t) => {
  const work = twoFolders(t);
  await logOf(work.file('here/data.wal'), 'here');
  await logOf(work.file('there/data.wal'), 'there');
  symlinkSync(work.file('here'), work.file('current'));
  const store = await work.open('current/data.wal');
  rmSync(work.file('current'));
  symlinkSync(work.file('there'), work.file('current'));
  must(await store.recover());
  assert.deepEqual([...store.keys()], ['here']);
  must(await store.put('more', '1'));
  must(await store.compact());
  assert.deepEqual(await keysOf(work.file('here/data.wal')), ['here', 'more']);
  assert.deepEqual(await keysOf(work.file('there/data.wal')), ['there']);
  const other = await work.open('current/data.wal');
  assert.deepEqual([...other.keys()], ['there']);
});

test('a link to nothing leads to the log that is made, and stays', { skip: noLinks }, async (t) => {
  const { dir, file, open } = workspace(t);
  mkdirSync(file('target'));
  const link = (target, name) => {
    symlinkSync(target, file(name));
    return file(name);
  };
  link(path.join('target', 'store.wal'), 'store.wal');
  const store = await open();
  must(await store.put('a', '1'));
  must(await store.compact());
  assert.deepEqual(await keysOf(file('target/store.wal')), ['a']);
  const copy = link('target/copy.wal', 'copy.wal');
  must(await store.backup(copy));
  assert.deepEqual(await keysOf(file('target/copy.wal')), ['a']);
  refused(await store.backup(copy), 'already_exists', /copy\.wal/);
  const lost = link('missing/store.wal', 'lost.wal');
  refused(
    await StoreEngine.open(StoreConfig.durable(lost)),
    'io_error',
    /does not exist: .*missing/,
  );
  refused(await store.backup(lost), 'io_error', /does not exist: .*missing/);
  refused(await salvage(file('copy.wal'), lost), 'io_error', /does not exist: .*missing/);
  for (const name of ['store.wal', 'copy.wal', 'lost.wal']) {
    assert.ok(lstatSync(path.join(dir, name)).isSymbolicLink(), name);
  }
});

test('reports and errors name files as the system names them to people', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  must(await store.put('a', '1'));
  const copy = work.file('copy.wal');
  assert.equal(must(await store.backup(copy)).path, copy);
  const refusal = refused(await store.backup(copy), 'already_exists');
  assert.equal(refusal.context, copy);
  assert.equal(refusal.message, `file already exists: ${copy}`);
  const saved = must(await salvage(copy, work.file('saved.wal')));
  assert.deepEqual(
    [saved.log, saved.copy],
    [work.file('saved.wal'), work.file('saved.wal.damaged')],
  );
  const torn = Buffer.concat([readFileSync(copy), Buffer.alloc(1000, 7)]);
  writeFileSync(work.file('torn.wal'), torn);
  const { cutSavedTo } = (await work.open('torn.wal')).recoveryReport();
  assert.equal(path.dirname(cutSavedTo), work.dir);
});

/** Ways to take the log away from a store that has it open. */
const losses = {
  'its folder was made again': (dir) => {
    rmSync(dir, { recursive: true });
    mkdirSync(dir);
  },
  'it was removed': (_, log) => rmSync(log),
  'it was moved': (_, log) => renameSync(log, `${log}.old`),
};

for (const [what, lose] of Object.entries(losses)) {
  test(`a store whose log is not its own any more since ${what} stops writing and says so`, {
    skip: process.platform === 'win32' && 'open files stay where they are on Windows',
  }, async (t) => {
    const { file } = workspace(t);
    const log = file('folder/store.wal');
    for (const by of ['put', 'batch', 'flush', 'compact', 'recover', 'backup']) {
      mkdirSync(file('folder'), { recursive: true });
      const store = must(await StoreEngine.open(StoreConfig.durable(log)));
      must(await store.put('mine', '1'));
      lose(file('folder'), log);
      const calls = {
        put: () => store.put('late', '1'),
        batch: () => store.batch([{ type: 'put', key: 'late', value: '1' }]),
        flush: () => store.flush(),
        compact: () => store.compact(),
        recover: () => store.recover(),
        backup: () => store.backup(file('copy.wal')).then(() => store.put('late', '1')),
      };
      refused(await calls[by](), 'invalid_state', /removed or replaced.*store\.wal/);
      assert.equal(store.stats().poisoned, true);
      assert.equal(store.getString('mine'), '1', 'reads go on');
      refused(await store.put('later', '1'), 'invalid_state', /removed or replaced/);
      await store.close();
      assert.equal(existsSync(log), false, `${by} made nothing under the name`);
      rmSync(file('folder'), { recursive: true });
      rmSync(file('copy.wal'), { force: true });
    }
  });
}
