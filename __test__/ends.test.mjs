// A process or a thread ends in the middle of any call: with the status it was given, without a crash, and without harm to a log.

import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { SnapshotBuilderStore, salvage } from '@softadastra/store';
import { must, runChild, workspace } from './helpers.mjs';

const ENTRIES = 40_000;
const OTHERS = [0, 1, 2, 3, 4, 5].map((n) => `${n}.wal`);
const WAYS = ['process.exit()', 'process.exit() in another thread', 'terminate()'];
const MOMENTS = ['at once', 'later'];

const textOf = (n) => `value ${n} `.padEnd(100, '.');

const cleanups = [];
const shared = workspace({ after: (cleanup) => cleanups.push(cleanup) });

/** A log that takes a while to read, and the same one damaged in its middle. */
before(async () => {
  const store = await shared.open('store.wal');
  for (let at = 0; at < ENTRIES; at += ENTRIES / 8) {
    const writes = Array.from({ length: ENTRIES / 8 }, (_, n) => ({
      type: 'put',
      key: `key ${at + n}`,
      value: textOf(at + n),
    }));
    must(await store.batch(writes));
  }
  must(await store.close());
  const bytes = readFileSync(shared.file());
  bytes[bytes.indexOf('key 20000')] ^= 1;
  writeFileSync(shared.file('damaged.wal'), bytes);
});

after(async () => {
  for (const cleanup of cleanups) await cleanup();
});

function checkEntries(source) {
  for (let n = 0; n < ENTRIES; n += 997) {
    assert.equal(must(source.get(`key ${n}`)).value.toString(), textOf(n));
  }
}

/** The log opens, has everything, and takes writes. */
async function checkLog(work, name, keys = []) {
  const store = await work.open(name, { compaction: false });
  checkEntries(store);
  for (const key of keys) assert.equal(store.getString(key), `value of ${key}`, key);
  must(await store.put('after', '1'));
  must(await store.close());
}

const acknowledged = (work) =>
  readFileSync(work.file('acknowledged'), 'utf8').split('\n').slice(0, -1);

async function checkWrites(work) {
  const keys = acknowledged(work);
  assert.ok(keys.length >= 5, 'what was awaited before was acknowledged');
  await checkLog(work, 'store.wal', keys);
}

const checks = {
  opening: (work) => checkLog(work, 'store.wal'),
  openings: async (work) => {
    for (const name of OTHERS) await checkLog(work, name);
  },
  salvage: async (work) => {
    assert.deepEqual(
      readFileSync(work.file('damaged.wal')),
      readFileSync(shared.file('damaged.wal')),
    );
    const report = must(await salvage(work.file('damaged.wal'), work.file('again.wal')));
    assert.equal(report.records, ENTRIES / 2);
    assert.equal((await work.open('again.wal')).size(), ENTRIES / 2);
  },
  build: (work) => checkLog(work, 'store.wal'),
  compaction: checkWrites,
  backup: async (work) => {
    if (!existsSync(work.file('backup.wal'))) {
      const store = await work.open('store.wal');
      must(await store.backup(work.file('backup.wal')));
      must(await store.close());
    }
    const backup = must(await SnapshotBuilderStore.build(work.file('backup.wal')));
    checkEntries(backup);
    assert.ok(must(backup.get('before 4')), 'it has what was acknowledged before it was begun');
    await checkWrites(work);
  },
  close: checkWrites,
  scan: checkWrites,
  put: checkWrites,
};

for (const call of Object.keys(checks)) {
  for (const way of WAYS) {
    test(`${way} in the middle of ${call}`, async (t) => {
      for (const moment of MOMENTS) {
        const work = workspace(t);
        for (const name of call === 'openings' ? OTHERS : ['store.wal']) {
          copyFileSync(shared.file(), work.file(name));
        }
        copyFileSync(shared.file('damaged.wal'), work.file('damaged.wal'));
        // The limit is there for a process that hangs.
        const limit = { timeout: 120_000, killSignal: 'SIGKILL' };
        const child = await runChild('ends.mjs', [work.dir, call, way, moment], limit);
        assert.deepEqual([child.code, child.signal, child.stderr], [7, null, ''], moment);
        await checks[call](work);
      }
    });
  }
}
