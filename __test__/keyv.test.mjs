// The adapter keeps what Keyv promises, and what the store promises of a write.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { SoftadastraKeyv } from '@softadastra/store/keyv';
import Keyv from 'keyv';
import Keyv6 from 'keyv-6';
import { memoryStore, must, throws, workspace } from './helpers.mjs';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

test("Keyv's own suite passes, with Keyv 5 and Keyv 6", { timeout: 300_000 }, async (t) => {
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--dir', '__test__/suites'];
  const { stdout } = await run(process.execPath, [...args, '--reporter=json'], {
    cwd: root,
  }).catch((error) => assert.fail(`${error.stdout}${error.stderr}`));
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(stdout);
  const summary = `keyv: ${numPassedTests} passed, ${numPendingTests} skipped, ${numFailedTests} failed`;
  assert.equal(summary, 'keyv: 83 passed, 1 skipped, 0 failed');
  t.diagnostic(summary);
});

for (const [name, Class] of [
  ['Keyv 5', Keyv],
  ['Keyv 6', Keyv6],
]) {
  test(`${name}: values and their expiry are there after a restart`, async (t) => {
    const { file } = workspace(t);
    const first = new Class({ store: new SoftadastraKeyv(file()), namespace: 'cache' });
    await first.set('kept', { deep: ['value'] });
    await first.set('short', 'x', 1);
    await first.set('long', 'y', 60_000);
    await first.disconnect();
    await wait(5);

    const second = new Class({ store: new SoftadastraKeyv(file()), namespace: 'cache' });
    t.after(() => second.disconnect());
    assert.deepEqual(await second.get('kept'), { deep: ['value'] });
    assert.equal(await second.has('short'), false);
    assert.equal(await second.get('short'), undefined);
    assert.equal(await second.get('long'), 'y');
  });

  test(`${name}: namespaces share a store and never touch each other`, async (t) => {
    const engine = memoryStore(t);
    const names = ['a', 'ab', 'b:a', '%', '_'];
    const caches = names.map(
      (namespace) => new Class({ store: new SoftadastraKeyv(engine), namespace }),
    );
    for (const [i, cache] of caches.entries()) {
      await cache.set('key', names[i]);
    }
    await caches[0].clear();
    assert.deepEqual(await Promise.all(caches.map((cache) => cache.get('key'))), [
      undefined,
      'ab',
      'b:a',
      '%',
      '_',
    ]);
  });

  test(`${name}: a store that does not open is heard of, and its file stays`, async (t) => {
    const { file } = workspace(t);
    writeFileSync(file(), 'no log at all');
    const cache = new Class({ store: new SoftadastraKeyv(file()) });
    const errors = [];
    cache.on('error', (error) => errors.push(error.code));
    assert.equal(await cache.set('a', 1), false);
    assert.equal(await cache.get('a'), undefined);
    assert.deepEqual([...new Set(errors)], ['store_error']);
    assert.ok(errors.length >= 2);
    assert.equal(readFileSync(file(), 'utf8'), 'no log at all');
  });
}

test('the adapter of a store of yours leaves it open; its own store it closes', async (t) => {
  const { file, open } = workspace(t);
  const engine = await open();
  const shared = new Keyv({ store: new SoftadastraKeyv(engine) });
  await shared.set('a', 1);
  await shared.disconnect();
  assert.equal(await shared.get('a'), 1);
  must(await engine.close());

  const own = new Keyv({ store: new SoftadastraKeyv(StoreConfig.fast(file())) });
  assert.equal(await own.get('a'), 1);
  await own.disconnect();
  const again = must(await StoreEngine.open(StoreConfig.durable(file())));
  assert.deepEqual([...again.keys()], ['keyv:a']);
  await again.close();
});

test('a write is acknowledged only when it is on stable storage', async (t) => {
  const { open } = workspace(t);
  const engine = await open();
  const cache = new Keyv({ store: new SoftadastraKeyv(engine) });
  const { syncs } = engine.stats();
  await cache.set('a', 1);
  assert.ok(engine.stats().syncs > syncs);
});

test('a path makes a durable store', async (t) => {
  const { file } = workspace(t);
  const cache = new Keyv({ store: new SoftadastraKeyv(file()) });
  await cache.set('a', 1);
  await cache.disconnect();
  const log = readFileSync(file());
  const synced = log[log.indexOf('SDFR') + 5] & 1;
  assert.equal(synced, 1, 'the frame says that it was synced');
});

test('many are written all or none', async (t) => {
  const engine = memoryStore(t);
  const adapter = new SoftadastraKeyv(engine);
  const entries = [
    { key: 'good', value: 'x' },
    { key: 'k'.repeat(1024 * 1024 + 1), value: 'y' },
  ];
  await assert.rejects(adapter.setMany(entries), { code: 'invalid_argument' });
  assert.equal(engine.size(), 0);
  const cache = new Keyv({ store: adapter });
  assert.deepEqual(
    await cache.setMany([
      { key: 'a', value: 1 },
      { key: 'b', value: 2 },
    ]),
    [true, true],
  );
  assert.deepEqual(await cache.getMany(['b', 'none', 'a']), [2, undefined, 1]);
  assert.equal(engine.lastSequence(), 2);
});

test('clear removes any number of keys', async (t) => {
  const engine = memoryStore(t);
  const cache = new Keyv({ store: new SoftadastraKeyv(engine), namespace: 'many' });
  must(await engine.put('other', 'kept'));
  await cache.setMany(Array.from({ length: 2500 }, (_, i) => ({ key: `k${i}`, value: i })));
  await cache.clear();
  assert.deepEqual([...engine.keys()], ['other']);
});

test('a value that Keyv did not serialize is refused', async (t) => {
  const cache = new Keyv({
    store: new SoftadastraKeyv(memoryStore(t)),
    serialize: undefined,
    deserialize: undefined,
    throwOnErrors: true,
  });
  cache.on('error', () => undefined);
  await assert.rejects(cache.set('a', 1), { code: 'invalid_argument' });
  // The store would take bytes, and Keyv would get them back as text.
  const adapter = new SoftadastraKeyv(memoryStore(t));
  await assert.rejects(adapter.set('a', Buffer.from([255])), { code: 'invalid_argument' });
});

test('a wrong argument is refused at once', () => {
  for (const wrong of [undefined, null, 7, {}, []]) {
    throws(() => new SoftadastraKeyv(wrong), 'invalid_argument', /Keyv adapter takes/);
  }
});
