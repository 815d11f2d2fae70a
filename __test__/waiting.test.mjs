// Opening can wait for a log that another process holds, and be stopped: while it waits and while it replays.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { test } from 'node:test';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { childFile, filesOf, memoryStore, must, refused, workspace } from './helpers.mjs';

const LONG = 600_000;

/** Another process that holds the log until `release` is called. */
async function holder(t, file) {
  const child = spawn(process.execPath, [childFile('open.mjs'), file, 'hold'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return async () => {
    child.stdin.end();
    await once(child, 'exit');
  };
}

/** Whether a promise is settled by now. */
async function settled(promise) {
  const pending = Symbol('pending');
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

test('with lockTimeoutMs an opener gets the log when the other process lets go of it', async (t) => {
  const work = workspace(t);
  const release = await holder(t, work.file());
  const config = StoreConfig.durable(work.file());
  const opening = StoreEngine.open(config, { lockTimeoutMs: LONG });
  // Some looks at the lock later it still waits.
  for (let n = 0; n < 5; n += 1) {
    refused(await StoreEngine.open(config, { lockTimeoutMs: 5 }), 'invalid_state', /locked/);
  }
  assert.equal(await settled(opening), false);
  await release();
  const store = work.track(must(await opening));
  must(await store.put('a', '1'));
});

test('a wait for the lock ends with its time, and the store can be recovered later', async (t) => {
  const work = workspace(t);
  const release = await holder(t, work.file());
  const store = work.track(new StoreEngine(StoreConfig.durable(work.file())));
  const begun = performance.now();
  refused(await store.recover({ lockTimeoutMs: 50 }), 'invalid_state', /locked by process \d+/);
  assert.ok(performance.now() - begun >= 50);
  refused(await store.recover({ lockTimeoutMs: 0 }), 'invalid_state', /locked/);
  await release();
  must(await store.recover({ lockTimeoutMs: LONG }));
});

test('stores that wait for a lock keep no thread from the rest of the process', async (t) => {
  const work = workspace(t);
  const release = await holder(t, work.file());
  const config = StoreConfig.durable(work.file());
  const controllers = Array.from({ length: 12 }, () => new AbortController());
  const waiting = controllers.map(({ signal }) =>
    StoreEngine.open(config, { lockTimeoutMs: LONG, signal }),
  );
  for (let n = 0; n < 20; n += 1) await readFile(import.meta.filename);
  for (const controller of controllers) controller.abort();
  for (const result of await Promise.all(waiting)) refused(result, 'invalid_state', /aborted/);
  await release();
});

test('a wait for the lock can be aborted, and the error has the reason', async (t) => {
  const work = workspace(t);
  const release = await holder(t, work.file());
  const store = work.track(new StoreEngine(StoreConfig.durable(work.file())));
  const controller = new AbortController();
  const recovering = store.recover({ lockTimeoutMs: LONG, signal: controller.signal });
  const reason = new Error('enough');
  setTimeout(() => controller.abort(reason), 20);
  const error = refused(await recovering, 'invalid_state', 'the call was aborted');
  assert.equal(error.cause, reason);
  await release();
  must(await store.recover());
});

test('close ends a wait for the lock', async (t) => {
  const work = workspace(t);
  await holder(t, work.file());
  const store = new StoreEngine(StoreConfig.durable(work.file()));
  const recovering = store.recover({ lockTimeoutMs: LONG });
  const closing = store.close();
  refused(await recovering, 'invalid_state', /locked/);
  must(await closing);
  const waiting = new StoreEngine(StoreConfig.durable(work.file()));
  const later = waiting.recover({ lockTimeoutMs: LONG });
  await readFile(import.meta.filename);
  must(await waiting.close());
  refused(await later, 'invalid_state', /locked/);
});

test('a signal that is aborted already stops the call before it touches the disk', async (t) => {
  const work = workspace(t);
  const options = { signal: AbortSignal.abort() };
  const config = StoreConfig.durable(work.file());
  refused(await StoreEngine.open(config, options), 'invalid_state', 'the call was aborted');
  const memory = StoreConfig.memoryOnly();
  refused(await StoreEngine.open(memory, options), 'invalid_state', 'the call was aborted');
  const store = work.track(new StoreEngine(config));
  refused(await store.recover(options), 'invalid_state', 'the call was aborted');
  assert.deepEqual(filesOf(work.dir), {});
  must(await store.recover());
});

test('a replay that is aborted changes nothing, and the store can be recovered later', async (t) => {
  const work = workspace(t);
  const filled = await work.open('store.wal', { stagedBytesLimit: 1 << 30 });
  const value = 'x'.repeat(1000);
  await Promise.all(Array.from({ length: 50_000 }, (_, n) => filled.put(`k${n}`, value)));
  must(await filled.close());
  const before = filesOf(work.dir);
  let stopped = false;
  // A replay may be done before it can be stopped; not every time.
  for (let n = 0; n < 100 && !stopped; n += 1) {
    const store = new StoreEngine(StoreConfig.durable(work.file()));
    const controller = new AbortController();
    const recovering = store.recover({ signal: controller.signal });
    controller.abort();
    const recovered = await recovering;
    if (recovered.isErr()) {
      refused(recovered, 'invalid_state', 'the call was aborted');
      refused(store.get('k1'), 'invalid_state', /not open/);
      stopped = true;
      assert.deepEqual(filesOf(work.dir), before);
      assert.equal(must(await store.recover()).entries, 50_000);
    }
    must(await store.close());
  }
  assert.equal(stopped, true);
});

test('bad options of open and recover are refused by name, and touch nothing', async (t) => {
  const work = workspace(t);
  const config = StoreConfig.durable(work.file());
  const store = work.track(new StoreEngine(config));
  for (const [options, message] of [
    [null, /options for \w+ must be an object/],
    [{ lockTimeout: 1 }, /"lockTimeout".*did you mean "lockTimeoutMs"/],
    [{ lockTimeoutMs: -1 }, /lockTimeoutMs must be/],
    [{ lockTimeoutMs: Number.NaN }, /lockTimeoutMs must be/],
    [{ lockTimeoutMs: '5' }, /lockTimeoutMs must be/],
    [{ signal: {} }, /signal must be an AbortSignal/],
    [{ signal: null }, /signal must be an AbortSignal/],
  ]) {
    refused(await StoreEngine.open(config, options), 'invalid_argument', message);
    refused(await store.recover(options), 'invalid_argument', message);
  }
  assert.deepEqual(filesOf(work.dir), {});
  refused(await memoryStore(t).recover({ lockTimeoutMs: 5 }), 'invalid_state', /memory-only/);
  must(await StoreEngine.open(config, {})).close();
});
