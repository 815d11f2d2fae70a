// What the API hands out belongs to whoever asked for it: it can be posted, cloned, transferred, detached and written to in the middle of
// everything else, carries nothing but its own bytes, and nobody else ever writes to it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { test } from 'node:test';
import v8 from 'node:v8';
import vm from 'node:vm';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import {
  Operation,
  OperationDecoder,
  OperationEncoder,
  StoreConfig,
  StoreEngine,
  Value,
} from '@softadastra/store';
import { SoftadastraLevel } from '@softadastra/store/abstract-level';
import { must, randomOf, workspace } from './helpers.mjs';

const SEED = Number(process.env.SEED ?? Date.now() % 1e9);
const STEPS = Number(process.env.GIVEN_AWAY_STEPS ?? 1500);
const SIZES = [0, 1, 7, 40, 64, 65, 100, 1000, 4095, 4096, 4097, 20_000];
const KEYS = Array.from({ length: 40 }, (_, at) => `key ${at}`);

function collectGarbage() {
  if (globalThis.Bun) return globalThis.Bun.gc(true);
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('typeof gc === "function" ? gc : undefined');
  return collect?.();
}

/** Everything that was handed out and not given away, and what others received of it, with what must be in it. */
class Handed {
  held = [];
  received = [];
  #channel = new MessageChannel();

  take(bytes, expected, from) {
    assert.ok(bytes instanceof Uint8Array, from);
    assert.equal(bytes.buffer.byteLength, bytes.length, `${from} carries more than its bytes`);
    this.held.push({ bytes, expected: expected.toString('hex'), from });
    this.verify(this.held.at(-1));
    if (this.held.length > 200) this.held.shift();
  }

  verify({ bytes, expected, from }) {
    assert.equal(Buffer.from(bytes).toString('hex'), expected, `${from} was changed`);
  }

  verifyAll() {
    for (const one of [...this.held, ...this.received]) this.verify(one);
  }

  /** Gives one away, or a copy of it, and keeps what the receiver has. */
  give(random) {
    if (this.held.length === 0) return;
    const place = Math.floor(random() * this.held.length);
    const { bytes, expected, from } = this.held[place];
    const ways = [this.transfer, this.post, this.detach, this.clone, this.overwrite];
    const way = ways[Math.floor(random() * ways.length)];
    const got = way.call(this, bytes);
    if (way !== this.clone) this.held.splice(place, 1);
    if (got === undefined) return;
    assert.equal(got.buffer.byteLength, got.length, `${from} took more along`);
    this.received.push({ bytes: got, expected, from: `${from}, received` });
    if (this.received.length > 200) this.received.shift();
  }

  transfer(bytes) {
    return structuredClone(bytes, { transfer: [bytes.buffer] });
  }

  post(bytes) {
    this.#channel.port1.postMessage(bytes, [bytes.buffer]);
    return receiveMessageOnPort(this.#channel.port2).message;
  }

  detach(bytes) {
    if (bytes.buffer.transfer === undefined) return this.transfer(bytes);
    return new Uint8Array(bytes.buffer.transfer());
  }

  clone(bytes) {
    return structuredClone(bytes);
  }

  overwrite(bytes) {
    bytes.fill(0xee);
  }

  close() {
    this.#channel.port1.close();
  }
}

/** Bytes, at times in memory that can shrink or is shared. */
function arrayOf(content, random) {
  const way = Math.floor(random() * 4);
  if (way === 0) return Buffer.from(content);
  const start = Math.floor(random() * 9);
  const size = start + content.length;
  const options = { maxByteLength: size + 100 };
  const memory = way === 1 ? new SharedArrayBuffer(size) : new ArrayBuffer(size, options);
  const array = new Uint8Array(memory, start, way === 3 ? undefined : content.length);
  array.set(content);
  return array;
}

function contentOf(random) {
  const size = SIZES[Math.floor(random() * SIZES.length)];
  const first = Math.floor(random() * 256);
  const text = random() < 0.4;
  return Buffer.from(Array.from({ length: size }, (_, at) => (first + at) % (text ? 128 : 256)));
}

class Run {
  model = new Map();
  history = [];
  handed = new Handed();

  constructor(store, level, random) {
    Object.assign(this, { store, level, random });
    this.following = store.operations({ follow: true });
  }

  key() {
    return KEYS[Math.floor(this.random() * KEYS.length)];
  }

  async write() {
    const { store, level, random } = this;
    const key = this.key();
    const content = contentOf(random);
    const value = arrayOf(content, random);
    const ways = [
      () => store.put(key, value),
      () => store.put(key, Value.fromBytes(value)),
      () => store.apply(Operation.put(key, value)),
      () => store.batch([{ type: 'put', key, value }]),
    ];
    must(await ways[Math.floor(random() * ways.length)]());
    await level.put(key, value, { valueEncoding: 'view' });
    this.model.set(key, content);
    this.history.push(content);
  }

  readPoints() {
    const { store, handed, model } = this;
    const key = this.key();
    const expected = model.get(key);
    if (expected === undefined) {
      assert.equal(store.getBytes(key), undefined);
      return;
    }
    handed.take(store.getBytes(key), expected, 'getBytes');
    const { value } = must(store.get(key));
    handed.take(value.toBytes(), expected, 'toBytes');
    handed.take(value.toBytes(), expected, 'toBytes again');
    handed.take(must(store.snapshot().get(key)).value.toBytes(), expected, 'snapshot.get');
    handed.take(Value.fromBytes(expected).toBytes(), expected, 'Value.fromBytes');
    const text = expected.toString('latin1');
    handed.take(Value.fromString(text).toBytes(), Buffer.from(text), 'Value.fromString');
    const operation = Operation.put(key, expected, { timestamp: 5 });
    const payload = must(OperationEncoder.encode(operation));
    handed.take(payload, Buffer.from(payload), 'encode');
    const decoded = must(OperationDecoder.decode(payload));
    handed.take(decoded.value.toBytes(), expected, 'decode');
  }

  readMany() {
    const { store, handed, model } = this;
    for (const [key, { value }] of store.entries()) {
      handed.take(value.toBytes(), model.get(key), 'entries');
      if (this.random() < 0.3) handed.give(this.random);
    }
    const values = store.getMany(KEYS);
    for (const [at, key] of KEYS.entries()) {
      assert.equal(values[at], model.get(key)?.toString());
    }
  }

  async readLevel() {
    const { level, handed, model } = this;
    for (const encoding of ['buffer', 'view']) {
      const options = { keyEncoding: encoding, valueEncoding: encoding };
      const key = this.key();
      const found = await level.get(Buffer.from(key), options);
      if (found !== undefined) handed.take(found, model.get(key), `level ${encoding}`);
      for await (const [bytes, value] of level.iterator(options)) {
        const text = Buffer.from(bytes).toString();
        handed.take(bytes, Buffer.from(text), `level key ${encoding}`);
        handed.take(value, model.get(text), `level value ${encoding}`);
        if (this.random() < 0.3) handed.give(this.random);
      }
    }
  }

  async readHistory() {
    while (this.history.length > 0) {
      const { value: logged } = await this.following.next();
      const expected = this.history.shift();
      handedOperation(this.handed, logged, expected);
      if (this.random() < 0.5) this.handed.give(this.random);
    }
  }

  async step() {
    const dice = this.random();
    if (dice < 0.35) await this.write();
    else if (dice < 0.6) this.readPoints();
    else if (dice < 0.9) this.handed.give(this.random);
    else if (dice < 0.93) this.readMany();
    else if (dice < 0.95) await this.readLevel();
    else if (dice < 0.98) await this.readHistory();
    else if (dice < 0.985) collectGarbage();
    else this.handed.verifyAll();
  }
}

function handedOperation(handed, logged, expected) {
  const { payload } = logged;
  assert.deepEqual(logged.operation.value.toBytes(), expected);
  handed.take(payload, Buffer.from(payload), 'payload');
  handed.take(logged.operation.value.toBytes(), expected, 'logged operation');
}

test(`everything that was handed out can be given away at any time, seed ${SEED}`, async (t) => {
  const work = workspace(t);
  const random = randomOf(SEED);
  const store = await work.open('given.wal', { compaction: false });
  const level = new SoftadastraLevel(work.file('level.wal'));
  t.after(() => level.close());
  await level.open();
  const run = new Run(store, level, random);
  t.after(() => run.handed.close());
  for (let step = 0; step < STEPS; step += 1) await run.step();
  collectGarbage();
  run.handed.verifyAll();
  await run.readHistory();
  run.readMany();
  await run.readLevel();
  await run.following.return();
});

test('a value that was transferred leaves later reads of all stores as they are', async (t) => {
  const stores = [0, 1].map(() => new StoreEngine(StoreConfig.memoryOnly()));
  t.after(() => Promise.all(stores.map((store) => store.close())));
  for (const store of stores) {
    await store.put('secret', Buffer.from('of another key'.repeat(5)));
    await store.put('shown', Buffer.from('y'.repeat(80)));
  }
  for (const store of stores) {
    const shown = store.getBytes('shown');
    const receiver = structuredClone(shown, { transfer: [shown.buffer] });
    assert.equal(shown.length, 0);
    assert.equal(store.getBytes('secret').toString(), 'of another key'.repeat(5));
    assert.equal(Buffer.from(receiver.buffer).toString(), 'y'.repeat(80));
  }
});

test('a payload that was transferred does not break the iteration', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  for (let at = 0; at < 20; at += 1) must(await store.put(`k${at}`, `value ${at}`));
  const sequences = [];
  for await (const logged of store.operations()) {
    const given = structuredClone(logged.payload, { transfer: [logged.payload.buffer] });
    const value = must(OperationDecoder.decode(given)).value.toString();
    assert.equal(value, `value ${sequences.length}`);
    assert.equal(given.buffer.byteLength, given.length);
    assert.throws(() => logged.operation, { code: 'invalid_argument', message: /detached/ });
    sequences.push(logged.sequence);
  }
  assert.equal(sequences.length, 20);
});

test('what is kept of bytes does not lie in the pool of Buffer, which some runtimes let anybody give away', () => {
  const script = `
    const { Value } = require('@softadastra/store');
    const pooled = Buffer.from('a value');
    const value = Value.fromBytes(pooled);
    const text = Value.fromString('a text').toBytes();
    try { pooled.buffer.transfer(); } catch {}
    console.log(value.toString(), value.toBytes().toString(), String.fromCharCode(...text));
  `;
  const cwd = new URL('..', import.meta.url);
  const shown = execFileSync(process.execPath, ['-e', script], { cwd, encoding: 'utf8' });
  assert.equal(shown.trim(), 'a value a value a text');
});

test('memory that was taken from the package itself makes its calls fail, and nothing worse', () => {
  const script = `
    const taken = [];
    for (const name of ['ArrayBuffer', 'Float64Array', 'Int32Array']) {
      globalThis[name] = new Proxy(globalThis[name], {
        construct(Class, args, target) {
          const made = Reflect.construct(Class, args, target);
          taken.push(made.buffer ?? made);
          return made;
        },
      });
    }
    const { StoreConfig, StoreEngine } = require('@softadastra/store');
    const store = new StoreEngine(StoreConfig.memoryOnly());
    const calls = [
      () => store.get('k').value(),
      () => store.getBytes('k'),
      () => store.getMany(['k', 'k']),
      () => [...store.entries()],
      () => [...store.snapshot().keys()],
    ];
    store.put('k', Buffer.from('a value')).then(() => {
      for (const call of calls) call();
      for (const buffer of taken) structuredClone(buffer, { transfer: [buffer] });
      const codes = calls.map((call) => {
        try {
          return call();
        } catch (error) {
          return error.code;
        }
      });
      console.log(taken.length > 0, JSON.stringify(codes), store.getString('k'));
    });
  `;
  const cwd = new URL('..', import.meta.url);
  const shown = execFileSync(process.execPath, ['-e', script], { cwd, encoding: 'utf8' });
  const codes = JSON.stringify(new Array(5).fill('internal_error'));
  assert.equal(shown.trim(), `true ${codes} a value`);
});
