// Fakes every global of time, turns and memory, before or after it loads the package, with sinon's fakes, which Jest and
// Vitest use, or with functions that do nothing; then makes every asynchronous call, and names each that was answered.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import FakeTimers from '@sinonjs/fake-timers';

const require = createRequire(import.meta.url);
const [, , when, how, dir] = process.argv;
const file = (name) => path.join(dir, name);

/** The real ones of what this program itself needs. */
const { exit } = process;

const held = () => undefined;

const FAKES = {
  sinon() {
    const clock = FakeTimers.install({ now: 0 });
    return () => clock.tick(60_000);
  },
  held() {
    process.nextTick = held;
    globalThis.performance.now = () => Number.NaN;
    Date.now = () => Number.NaN;
    const timers = require('node:timers');
    for (const name of ['setTimeout', 'setInterval', 'setImmediate']) {
      globalThis[name] = held;
      timers[name] = held;
    }
    for (const name of ['clearTimeout', 'queueMicrotask', 'structuredClone']) {
      globalThis[name] = held;
    }
    for (const name of ['AbortSignal', 'AbortController', 'Buffer', 'Date']) {
      globalThis[name] = undefined;
    }
    // As a preset or a page brings one along.
    globalThis.Promise = Object.assign(() => undefined, { all: held, resolve: held });
    return held;
  },
};

/** Another process that has the log open. Started while the globals are what they are. */
async function holder(log) {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'open.mjs'), log, 'hold'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  // It must not keep this program alive when a call hangs.
  for (const handle of [child, child.stdin, child.stdout]) {
    handle.unref();
  }
  return child;
}

async function calls({ store, SoftadastraKeyv }, advance) {
  const { Client, ClientOptions, Operation, SnapshotBuilderStore, StoreConfig, StoreEngine } =
    store;
  const steps = {};
  const must = (result) => result.value();
  const config = StoreConfig.durable(file('a.wal'), { stagedBytesLimit: 100_000 });
  const engine = must(await StoreEngine.open(config));
  const memory = new StoreEngine(StoreConfig.memoryOnly());
  const step = async (name, call) => {
    steps[name] = must(await call());
    writeSync(1, `${name}\n`);
  };
  await step('put', () => engine.put('a', '1'));
  // What the test advances must not be taken for the runtime.
  advance();
  await step('put again', () => engine.put('a', '2'));
  await step('put of bytes', () => engine.put('b', new Uint8Array(50_000)));
  await step('remove', () => engine.remove('b'));
  await step('batch', () => engine.batch([{ type: 'put', key: 'c', value: '3' }]));
  await step('apply', () => engine.apply(Operation.put('d', '4')));
  const large = 'x'.repeat(40_000);
  for (const n of [1, 2, 3, 4, 5]) {
    steps[n] = engine.put(`large:${n}`, large);
  }
  await step('a put that waits for room', () => engine.put('large:6', new Uint8Array(40_000)));
  await step('put in memory', () => memory.put('a', '1'));
  const many = Array.from({ length: 100 }, (_, n) => ({ type: 'put', key: `${n}`, value: 'x' }));
  await step('batch in memory', () => memory.batch(many));
  await step('flush', () => engine.flush());
  await step('compact', () => engine.compact());
  await step('backup', () => engine.backup(file('backup.wal')));
  const since = engine.lastSequence();
  await step('consumer', () => engine.consumer('outbox', { since }));
  await step('acknowledge', () => steps.consumer.acknowledge(since));
  await engine.put('e', '4');
  const operations = engine.operations({ since: engine.lastSequence() - 1, follow: true });
  const { value: last } = await operations.next();
  const next = operations.next();
  await step('put that is followed', () => engine.put('e', '5'));
  if ((await next).value.sequence !== last.sequence + 1) throw new Error('not the next one');
  await operations.return();
  writeSync(1, 'operations\n');
  await step('removeConsumer', () => engine.removeConsumer('outbox'));
  await step('recover', () => engine.recover());
  await step('close', () => engine.close());
  await step('build', () => SnapshotBuilderStore.build(file('a.wal')));
  await step('salvage', () => store.salvage(file('a.wal'), file('saved.wal')));
  const client = new Client(ClientOptions.persistent('node', file('a.wal')));
  await step('client.open', () => client.open());
  await step('client.put', () => client.put('a', '3'));
  await step('client.get', () => client.get('a'));
  await step('client.remove', () => client.remove('a'));
  await step('client.close', () => client.close());
  const cache = new SoftadastraKeyv(file('keyv.wal'));
  await cache.set('a', '1');
  await cache.disconnect();
  writeSync(1, 'keyv\n');
  const locked = StoreConfig.durable(file('locked.wal'));
  const waited = await StoreEngine.open(locked, { lockTimeoutMs: 30 });
  if (waited.isOk()) throw new Error('it was not locked');
  writeSync(1, 'lockTimeoutMs\n');
}

const load = () => ({
  store: require('@softadastra/store'),
  ...require('@softadastra/store/keyv'),
});

const locking = await holder(file('locked.wal'));
const early = when === 'after' ? load() : undefined;
const tick = FAKES[how]();
await calls(early ?? load(), tick);
locking.kill('SIGKILL');
exit(0);
