// Writes are committed in groups: in the order of the calls, each promise once, whatever the callers do meanwhile.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Operation, StoreConfig, StoreEngine } from '@softadastra/store';
import { childFile, dump, memoryStore, must, refused, runChild, workspace } from './helpers.mjs';

test('writes of one turn share a commit', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const before = store.stats();
  await Promise.all(Array.from({ length: 1000 }, (_, n) => store.put(`k${n}`, 'x')));
  const now = store.stats();
  assert.equal(now.entries, 1000);
  assert.ok(now.groups - before.groups <= 2, `${now.groups - before.groups} groups`);
});

test('a hundred thousand writes at once all settle with their own version', async (t) => {
  const store = memoryStore(t);
  const pending = [];
  for (let n = 0; n < 100_000; n += 1) pending.push(store.put(`k${n % 5000}`, `v${n}`));
  const results = await Promise.all(pending);
  results.forEach((result, n) => {
    assert.equal(must(result).version, n + 1);
    assert.equal(result.value().key, `k${n % 5000}`);
    assert.equal(result.value().created, n < 5000);
  });
  assert.equal(store.size(), 5000);
  assert.equal(store.getString('k4999'), 'v99999');
});

test('full groups are committed while the event loop is busy, and answered in the order of the calls', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const value = 'x'.repeat(64 * 1024);
  const order = [];
  const pending = Array.from({ length: 100 }, (_, n) =>
    store.put(`k${n}`, value).then((result) => order.push(must(result).version)),
  );
  // Six of them have 16 puts or more each, of 1 MiB together. This thread hears of nothing meanwhile.
  for (const end = performance.now() + 60_000; store.lastSequence() < 90; ) {
    assert.ok(performance.now() < end, `${store.lastSequence()} were committed`);
  }
  assert.deepEqual(order, []);
  assert.equal(must(store.putSync('last', 'x')).version, 101);
  await Promise.all(pending);
  assert.deepEqual(
    order,
    Array.from({ length: 100 }, (_, n) => n + 1),
  );
});

test('groups that follow one another fail each with the writes that are in them', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const value = 'x'.repeat(64 * 1024);
  const puts = Array.from({ length: 60 }, (_, n) =>
    store.put(`k${n % 50}`, value, n < 50 ? undefined : { ifVersion: n === 55 ? 6 : 1000 }),
  );
  const results = await Promise.all(puts);
  for (const [n, result] of results.entries()) {
    if (n < 50) assert.equal(must(result).version, n + 1);
    else if (n === 55) assert.equal(must(result).version, 51);
    else refused(result, 'invalid_state', /expected 1000, found/);
  }
  assert.equal(store.size(), 50);
});

test('promises settle in the order of the calls', async (t) => {
  const store = memoryStore(t);
  const order = [];
  await Promise.all(
    Array.from({ length: 100 }, (_, n) =>
      (n % 3 === 0
        ? store.batch([{ type: 'put', key: 'b', value: 'x' }])
        : n % 3 === 1
          ? store.put('a', 'x')
          : store.remove('a')
      ).then(() => order.push(n)),
    ),
  );
  assert.deepEqual(
    order,
    [...order].sort((a, b) => a - b),
  );
});

test('a caller that writes again as soon as it may is never stuck', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const chain = async (name) => {
    for (let n = 0; n < 50; n += 1) must(await store.put(name, String(n)));
  };
  await Promise.all(Array.from({ length: 20 }, (_, n) => chain(`c${n}`)));
  assert.deepEqual(new Set(Array.from(store.values(), String)), new Set(['49']));
  assert.equal(store.lastSequence(), 1000);
});

for (const [kind, make] of [
  ['memory-only', async () => StoreConfig.memoryOnly()],
  ['durable', async (work) => StoreConfig.durable(work.file())],
]) {
  test(`past the bound of a ${kind} store calls wait their turn, in order`, async (t) => {
    const work = workspace(t);
    const config = await make(work);
    config.stagedBytesLimit = 1000;
    const store = work.track(must(await StoreEngine.open(config)));
    const pending = [];
    for (let n = 0; n < 500; n += 1) {
      pending.push(store.put('same', `${n}${'x'.repeat(100)}`));
      if (n % 10 === 0) pending.push(store.remove('same'));
      if (n % 25 === 0) pending.push(store.batch([{ type: 'put', key: 'other', value: `${n}` }]));
      if (n % 100 === 0) store.flush().then(must);
      assert.ok(store.stats().stagedBytes <= 2000, 'the bound holds');
    }
    const versions = (await Promise.all(pending)).map(
      (result) => must(result).version ?? must(result).firstVersion,
    );
    assert.deepEqual(
      versions,
      Array.from({ length: pending.length }, (_, n) => n + 1),
    );
    assert.equal(store.getString('same').startsWith('499x'), true);
  });
}

test('after a flush that waits, calls of every kind keep their order', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const calls = [
    () => store.put('a', '1'),
    () => store.remove('a'),
    () => store.apply(Operation.put('a', '2')),
    () => store.batch([{ type: 'put', key: 'a', value: '3' }]),
  ];
  const pending = [store.put('first', 'x')];
  const flushed = store.flush();
  for (const one of calls) {
    for (const other of calls) pending.push(one(), other());
  }
  const versions = (await Promise.all(pending)).map(
    (result) => must(result).version ?? must(result).firstVersion,
  );
  must(await flushed);
  assert.deepEqual(
    versions,
    Array.from({ length: pending.length }, (_, n) => n + 1),
  );
});

test('a value larger than the bound is written all the same', async (t) => {
  const work = workspace(t);
  const config = StoreConfig.durable(work.file(), { stagedBytesLimit: 10 });
  const store = work.track(must(await StoreEngine.open(config)));
  const large = Buffer.alloc(100_000, 7);
  const results = await Promise.all([
    store.put('a', large),
    store.put('b', large),
    store.batch([
      { type: 'put', key: 'c', value: large },
      { type: 'put', key: 'd', value: large },
    ]),
  ]);
  results.forEach(must);
  assert.equal(store.size(), 4);
});

test('a bad write past the bound is refused at once, and those around it stay', async (t) => {
  const config = StoreConfig.memoryOnly();
  config.stagedBytesLimit = 10;
  const store = new StoreEngine(config);
  t.after(() => store.close());
  const bytes = Uint8Array.of(1);
  const pending = [
    store.put('a', 'x'.repeat(50)),
    store.put('b', bytes),
    store.put('', 'x'),
    store.put('c', 7),
    store.remove(''),
    store.batch([{ type: 'put', key: 'd', value: null }]),
    store.put('e', 'last'),
  ];
  bytes[0] = 9;
  const results = await Promise.all(pending);
  for (const index of [2, 3, 4, 5]) refused(results[index], 'invalid_argument');
  assert.match(results[5].error().context, /^operation 0/);
  assert.deepEqual(
    dump(store).map(([key, , version]) => [key, version]),
    [
      ['a', 1],
      ['b', 2],
      ['e', 3],
    ],
  );
  assert.deepEqual([...store.getBytes('b')], [1]);
});

test('an exception in the continuation of a write breaks nothing', async (t) => {
  const work = workspace(t);
  const child = await runChild('throwing.mjs', [work.file()]);
  assert.deepEqual([child.code, child.signal, child.stderr], [0, null, '']);
  assert.equal(child.stdout, 'uncaught 20\nacknowledged 100\n');
  assert.equal((await work.open()).size(), 100);
});

test('process.exit in a continuation loses nothing that was acknowledged', async (t) => {
  const work = workspace(t);
  const child = await runChild('exit-early.mjs', [work.file()]);
  assert.deepEqual([child.code, child.stderr], [0, '']);
  const acknowledged = Number(child.stdout);
  const store = await work.open();
  for (let n = 1; n <= acknowledged; n += 1) assert.equal(store.contains(`k${n}`), true, `k${n}`);
});

/** Runs a worker to its end and gives what it sent. */
async function runWorker(workerData) {
  const worker = new Worker(childFile('worker.mjs'), { workerData });
  let sent;
  worker.on('message', (message) => {
    sent = message;
  });
  await once(worker, 'exit');
  return sent;
}

test('a store in a worker thread is a store of its own', async (t) => {
  const work = workspace(t);
  const store = await work.open('main.wal');
  await store.put('a', 'main');
  const paths = ['w0.wal', 'w1.wal', 'w2.wal'].map(work.file);
  const sizes = await Promise.all(paths.map((path) => runWorker({ path, close: true })));
  assert.deepEqual(sizes, [100, 100, 100]);
  assert.deepEqual(dump(store), [['a', 'main', 1]]);
  assert.equal((await work.open('w0.wal')).size(), 100);
});

test('a worker that ends without closing its store lets go of the log', async (t) => {
  const work = workspace(t);
  for (let round = 0; round < 3; round += 1) {
    assert.equal(await runWorker({ path: work.file(), close: false }), 100);
  }
  assert.equal((await work.open()).size(), 100);
});
