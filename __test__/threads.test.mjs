// The threads of a process that open one log share one store: writes keep their order and promises, reads see what is
// committed, and the last one that closes it seals the log.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { dump, must, refused, runChild, workspace } from './helpers.mjs';
import { Thread, threads } from './thread.mjs';

/** How the log looks to another process. */
async function elsewhere(log) {
  return JSON.parse((await runChild('open.mjs', [log])).stdout);
}

/** Opens the log when nobody has it open any more, and checks that the last one sealed it. */
async function reopenSealed(work) {
  const store = await work.open();
  assert.equal(store.recoveryReport().cleanShutdown, true, 'the last one sealed the log');
  return store;
}

test('a thread attaches while the main thread writes, and replays nothing', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  let writing = true;
  let written = 0;
  const writer = (async () => {
    while (writing) {
      must(await store.put('count', String(written + 1)));
      written += 1;
    }
  })();
  while (written < 10) await store.flush();
  for (let n = 0; n < 5; n += 1) {
    const thread = new Thread(t);
    const before = written;
    assert.deepEqual(await thread.open(work.file()), { ...store.recoveryReport() });
    assert.ok(Number(await thread.call('get', 'count')) >= before);
    assert.equal((await thread.call('close')).ok, true);
  }
  writing = false;
  await writer;
  assert.equal(store.getString('count'), String(written));
});

test('threads that open a new log at once all get the same store', async (t) => {
  const work = workspace(t);
  const all = Array.from({ length: 4 }, () => new Thread(t));
  const opening = work.open();
  const reports = await Promise.all(all.map((thread) => thread.open(work.file())));
  const store = await opening;
  for (const report of reports) {
    assert.deepEqual(report, { ...store.recoveryReport() }, 'there was one recovery');
  }
  await store.put('a', '1');
  for (const thread of all) assert.equal(await thread.call('get', 'a'), '1');
});

test('writes of several threads have versions of their own, in the order of each thread', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const all = await threads(t, 3, work.file());
  const writes = await Promise.all([
    ...all.map((thread, me) => thread.call('putAll', `thread ${me}`, 2000, 300)),
    // All write these as well, so that their order between threads matters.
    ...all.map((thread) => thread.call('putAll', 'everybody', 500, 7)),
    ...Array.from({ length: 2000 }, async (_, n) => {
      const write = { key: `everybody/${n % 7}`, value: `main ${n}` };
      return [{ ...write, ...must(await store.put(write.key, write.value)) }];
    }),
  ]);
  for (const own of writes) {
    const versions = own.map(({ version }) => version);
    assert.deepEqual(
      versions,
      [...versions].sort((a, b) => a - b),
    );
  }
  const history = writes.flat().sort((a, b) => a.version - b.version);
  assert.deepEqual(
    history.map(({ version }) => version),
    history.map((_, n) => n + 1),
    'every version is given once',
  );
  const model = new Map(history.map(({ key, value, version }) => [key, [key, value, version]]));
  const expected = [...model.values()].sort(([a], [b]) => (a < b ? -1 : 1));
  assert.deepEqual(dump(store), expected);
  for (const thread of all) {
    assert.deepEqual(await thread.call('dump'), expected);
    await thread.call('close');
  }
  must(await store.close());
  assert.deepEqual(dump(await reopenSealed(work)), expected);
});

test('what is acknowledged to one thread is seen by all that hear of it', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const [one, other] = await threads(t, 2, work.file());
  for (let n = 0; n < 100; n += 1) {
    await one.call('put', 'ball', `one ${n}`);
    assert.equal(store.getString('ball'), `one ${n}`);
    assert.equal(store.snapshot().get('ball').value().value.toString(), `one ${n}`);
    assert.equal(await other.call('get', 'ball'), `one ${n}`);
    must(await store.put('ball', `main ${n}`));
    assert.equal(await one.call('get', 'ball'), `main ${n}`);
  }
});

test('a batch of one thread is seen by the others as a whole', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const [thread] = await threads(t, 1, work.file());
  const keys = Array.from({ length: 100 }, (_, n) => `member/${n}`);
  let done = false;
  const batches = thread.call('batches', keys, 500).finally(() => {
    done = true;
  });
  const seen = new Set();
  while (!done) {
    const together = new Set(store.getMany(keys));
    assert.equal(together.size, 1, `a batch was seen in part: ${[...together]}`);
    const page = new Set(Array.from(store.values({ prefix: 'member/' }), String));
    assert.ok(page.size <= 1, `a page showed a batch in part: ${[...page]}`);
    seen.add([...together][0]);
    await new Promise(setImmediate);
  }
  await batches;
  assert.equal(store.getString('member/0'), '500');
  t.diagnostic(`${seen.size} states seen`);
});

test('of conditional writes on one version exactly one is done, whichever thread makes them', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  must(await store.put('count', '0'));
  const all = await threads(t, 3, work.file());
  const won = (await Promise.all(all.map((thread) => thread.call('countUp', 'count', 200)))).flat();
  assert.equal(store.getString('count'), '600');
  assert.equal(new Set(won).size, 600, 'no version was replaced twice');
});

test('a thread that closes takes nothing with it', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const [thread, other] = await threads(t, 2, work.file());
  await thread.call('putAll', 'thread', 100);
  assert.equal((await thread.call('close')).ok, true);
  assert.deepEqual(
    [(await thread.call('put', 'late', 'x')).code, (await other.call('stats')).open],
    ['invalid_state', true],
  );
  must(await store.put('a', '1'));
  assert.equal(await other.call('get', 'a'), '1');
  assert.equal(store.size(), 101);
  // It may come back.
  await thread.open(work.file());
  assert.equal(await thread.call('get', 'a'), '1');
});

test('the main thread may close first: the store lives as long as a thread has it open', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const [thread] = await threads(t, 1, work.file());
  const scan = store.keys();
  const writing = thread.call('putAll', 'thread', 5000);
  must(await store.put('main', '1'));
  must(await store.close());
  refused(store.get('main'), 'invalid_state', /closed/);
  assert.throws(() => scan.next(), /closed/);
  assert.throws(() => store.stats(), /closed/);
  assert.equal((await writing).length, 5000);
  assert.equal((await elsewhere(work.file())).code, 'invalid_state', 'the log is still locked');
  assert.equal((await thread.call('close')).ok, true);
  assert.deepEqual(await elsewhere(work.file()), { ok: true, size: 5001 });
  const again = await reopenSealed(work);
  assert.equal(again.getString('thread/4999'), 'thread 4999');
});

test('close of a fast store makes durable what was acknowledged, also when others go on', async (t) => {
  const work = workspace(t);
  const store = work.track(must(await StoreEngine.open(StoreConfig.fast(work.file()))));
  const thread = new Thread(t);
  await thread.open(work.file(), 'fast');
  await thread.call('put', 'a', '1');
  const { syncs } = store.stats();
  assert.equal((await thread.call('close')).ok, true);
  assert.equal(store.stats().syncs, syncs + 1);
});

test('a thread that opens the log with other options is refused, and disturbs nobody', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const thread = new Thread(t);
  const wrong = await thread.call('open', work.file(), 'fast');
  assert.deepEqual([wrong.ok, wrong.code], [false, 'invalid_argument']);
  assert.match(wrong.message, /open in another thread with other options.*store\.wal/);
  must(await store.put('a', '1'));
  await thread.open(work.file(), 'durable');
  assert.equal(await thread.call('get', 'a'), '1');
});

test('a thread has a log open once, whoever else has it open', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const [thread] = await threads(t, 1, work.file());
  refused(await StoreEngine.open(StoreConfig.durable(work.file())), 'invalid_state', /locked/);
  const again = await thread.call('open', work.file());
  assert.deepEqual([again.ok, again.code], [false, 'invalid_state']);
  assert.match(again.message, /already open in this thread/);
  must(await store.close());
  await work.open();
});

test('recover on a shared store gives the report of its recovery and disturbs nobody', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  must(await store.put('a', '1'));
  const [thread] = await threads(t, 1, work.file());
  const writing = thread.call('putAll', 'thread', 3000);
  const report = store.recoveryReport();
  assert.deepEqual(must(await store.recover()), report);
  assert.equal(store.getString('a'), '1');
  assert.equal((await writing).length, 3000);
  await thread.call('close');
  assert.equal(must(await store.recover()).records, 3001, 'alone it replays');
});
