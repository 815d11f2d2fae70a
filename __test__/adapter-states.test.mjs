// Whatever state the store of an adapter is in, each call does its work or fails with the adapter's own codes and events,
// and never takes a stored key for a missing one.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { SoftadastraLevel } from '@softadastra/store/abstract-level';
import { SoftadastraKeyv } from '@softadastra/store/keyv';
import Keyv from 'keyv';
import Keyv4 from 'keyv-4';
import Keyv6 from 'keyv-6';
import { childFile, must, workspace } from './helpers.mjs';
import { preloaded } from './preload.mjs';

const LEVEL_CALLS = {
  get: (db) => db.get('a'),
  getSync: async (db) => db.getSync('a'),
  getMany: (db) => db.getMany(['a']),
  'getMany of bytes': (db) => db.getMany(['a'], { valueEncoding: 'buffer' }),
  has: (db) => db.has('a'),
  hasMany: (db) => db.hasMany(['none', 'a']),
  put: (db) => db.put('b', '2'),
  del: (db) => db.del('a'),
  batch: (db) => db.batch([{ type: 'put', key: 'b', value: '2' }]),
  'chained batch': (db) => db.batch().put('b', '2').write(),
  clear: (db) => db.clear(),
  'clear of a range': (db) => db.clear({ gte: 'a', limit: 1 }),
  iterator: (db) => db.iterator().all(),
  keys: (db) => db.keys().next(),
  values: (db) => db.values().nextv(2),
  snapshot: async (db) => db.snapshot(),
  'get of a sublevel': (db) => db.sublevel('s').get('a'),
  'iterator of a sublevel': (db) => db.sublevel('s').iterator().all(),
};

/** What puts the store of an open database into a state in which it cannot be read. */
const STATES = {
  async recovering({ engine }) {
    const recovering = engine.recover();
    return () => recovering.then(must);
  },
  async closed({ engine }) {
    must(await engine.close());
  },
  async closing({ engine }) {
    const closing = engine.close();
    return () => closing.then(must);
  },
  async 'not recovered'({ engine }, file) {
    const whole = readFileSync(file);
    const damaged = Buffer.from(whole);
    damaged[0] ^= 1;
    writeFileSync(file, damaged);
    assert.equal((await engine.recover()).error().code, 'store_error');
    return () => writeFileSync(file, whole);
  },
};

for (const [state, enter] of Object.entries(STATES)) {
  test(`each call of a level whose store is ${state} says that it is not open`, async (t) => {
    for (const [name, call] of Object.entries(LEVEL_CALLS)) {
      const { file } = workspace(t);
      const db = new SoftadastraLevel(file());
      await db.put('a', 'value of a');
      const leave = await enter(db, file());
      await assert.rejects(
        // A call that throws at once counts too.
        async () => call(db),
        (error) => {
          assert.equal(error.code, 'LEVEL_DATABASE_NOT_OPEN', `${name}: ${error.stack}`);
          assert.equal(error.cause.codeString(), 'invalid_state');
          return true;
        },
        name,
      );
      await leave?.();
      await db.close();
      const again = new SoftadastraLevel(file());
      assert.deepEqual(await again.iterator().all(), [['a', 'value of a']], name);
      await again.close();
    }
  });
}

test('a snapshot and an iterator of a level go on whatever becomes of its store', async (t) => {
  const { file } = workspace(t);
  const db = new SoftadastraLevel(file());
  await db.put('a', '1');
  const snapshot = db.snapshot();
  const iterator = db.iterator();
  must(await db.engine.close());
  assert.equal(await db.get('a', { snapshot }), '1');
  assert.equal(await db.has('a', { snapshot }), true);
  assert.deepEqual(await iterator.all(), [['a', '1']]);
  await db.close();
});

test('a level answers each call before it is open, and none after it was closed', async (t) => {
  for (const [name, call] of Object.entries(LEVEL_CALLS)) {
    const { file } = workspace(t);
    const first = new SoftadastraLevel(file());
    await first.put('a', '1');
    await first.close();
    await assert.rejects(
      async () => call(first),
      { code: /^LEVEL_(DATABASE|ITERATOR)_NOT_OPEN$/ },
      name,
    );
    if (!['getSync', 'chained batch', 'snapshot'].includes(name)) {
      const deferred = new SoftadastraLevel(file());
      await call(deferred);
      await deferred.close();
    }
  }
});

test('a level whose disk failed is read, and each write is an IO error', (t) => {
  const work = workspace(t);
  const flag = work.file('syncs-fail');
  const env = preloaded(t, work, 'failing-sync', { FAIL_SYNC: flag });
  if (!env) return;
  const args = [childFile('failing-sync-level.mjs'), work.file(), flag];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  assert.deepEqual([status, stderr], [0, '']);
  const { has, get, writes } = JSON.parse(stdout);
  assert.deepEqual([has, get], [true, '1']);
  assert.deepEqual(
    writes,
    Array.from({ length: 4 }, () => 'LEVEL_IO_ERROR'),
  );
});

const KEYV_CALLS = {
  get: (cache) => cache.get('a'),
  'get of many': (cache) => cache.get(['a', 'b']),
  set: (cache) => cache.set('b', 2),
  delete: (cache) => cache.delete('a'),
  'delete of many': (cache) => cache.delete(['a', 'b']),
  clear: (cache) => cache.clear(),
  has: (cache) => cache.has('a'),
  iterator: async (cache) => {
    for await (const _ of cache.iterator()) {
      assert.fail('there is nothing to give');
    }
  },
  disconnect: (cache) => cache.disconnect(),
};

const NEWER_CALLS = {
  ...KEYV_CALLS,
  getMany: (cache) => cache.getMany(['a', 'b']),
  getRaw: (cache) => cache.getRaw('a'),
  getManyRaw: (cache) => cache.getManyRaw(['a', 'b']),
  setMany: (cache) => cache.setMany([{ key: 'b', value: 2 }]),
  deleteMany: (cache) => cache.deleteMany(['a', 'b']),
};

/** Keyv 4 rejects for every failure, and emits none of its own. */
const SILENT_IN_4 = ['set', 'delete', 'delete of many', 'clear', 'has'];

const heardOf = async (Class, store, call) => {
  const cache = new Class({ store });
  const events = [];
  cache.on('error', (error) => events.push(error.code));
  let rejected = false;
  try {
    await call(cache);
  } catch {
    rejected = true;
  }
  return { events, rejected };
};

for (const [version, Class, calls] of [
  ['Keyv 4', Keyv4, KEYV_CALLS],
  ['Keyv 5', Keyv, NEWER_CALLS],
  ['Keyv 6', Keyv6, NEWER_CALLS],
]) {
  test(`${version}: a failure of each call is heard of, and once`, async (t) => {
    for (const [name, call] of Object.entries(calls)) {
      const { file, open } = workspace(t);
      writeFileSync(file('text'), 'no log at all');
      const failed = await heardOf(Class, new SoftadastraKeyv(file('text')), call);
      const silent = Class === Keyv4 && SILENT_IN_4.includes(name);
      assert.deepEqual(failed.events, silent ? [] : ['store_error'], name);
      assert.equal(failed.rejected || failed.events.length > 0, true, name);
      assert.equal(readFileSync(file('text'), 'utf8'), 'no log at all');

      const engine = await open();
      must(await engine.put('keyv:a', '{"value":1}'));
      const recovering = engine.recover();
      const early = await heardOf(Class, new SoftadastraKeyv(engine), call);
      assert.deepEqual(early.events, silent ? [] : ['invalid_state'], `${name}, recovering`);
      must(await recovering);
      assert.equal(engine.getString('keyv:a'), '{"value":1}', name);
      must(await engine.close());
      const late = await heardOf(Class, new SoftadastraKeyv(engine), call);
      assert.deepEqual(late.events, silent ? [] : ['invalid_state'], `${name}, closed`);
    }
  });
}

test('a read of Keyv 5 that comes after has is heard of as well', async (t) => {
  const { file } = workspace(t);
  writeFileSync(file(), 'no log at all');
  const cache = new Keyv({ store: new SoftadastraKeyv(file()) });
  let events = 0;
  cache.on('error', () => {
    events += 1;
  });
  await Promise.all([cache.has('a'), cache.get('a'), cache.get('b')]);
  await cache.get('a');
  assert.equal(events, 4);
});

test('a key that no string can hold, or the store does not take, is refused by its own code everywhere', async (t) => {
  const { file } = workspace(t);
  const db = new SoftadastraLevel(file(), { keyEncoding: 'view', valueEncoding: 'utf8' });
  await db.open();
  await db.put(Buffer.from('a'), '1');
  // The last takes more than the most bytes only in its stored form.
  for (const bytes of [new Uint8Array(537e6), new Uint8Array(2e6), Buffer.alloc(6e5, 255)]) {
    for (const call of [
      () => db.put(bytes, '1'),
      () => db.del(bytes),
      () => db.get(bytes),
      async () => db.getSync(bytes),
      () => db.getMany([bytes]),
      () => db.has(bytes),
      () => db.batch([{ type: 'put', key: bytes, value: '1' }]),
      () => db.keys({ gt: bytes }).all(),
      () => db.values({ lte: bytes }).next(),
      () => db.iterator({ gte: bytes }).nextv(2),
      () => db.clear({ lt: bytes }),
      async () => db.iterator().seek(bytes),
    ]) {
      await assert.rejects(call, { code: 'LEVEL_INVALID_KEY' }, String(call));
    }
  }
  const text = '\u00e9'.repeat(3e8);
  await assert.rejects(db.get(text, { keyEncoding: 'utf8' }), { code: 'LEVEL_INVALID_KEY' });
  assert.equal(await db.get(Buffer.from('a')), '1');
  await db.close();
  assert.equal(db.status, 'closed');
});

test('an iterator of a range that is refused, made before the database is open, says so', async (t) => {
  const { file } = workspace(t);
  const db = new SoftadastraLevel(file());
  const early = db.keys({ gte: 'x'.repeat(2e6) });
  await assert.rejects(early.all(), { code: 'LEVEL_INVALID_KEY' });
  await db.close();
});
