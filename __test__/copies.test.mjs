// Bytes of another realm, and objects of another copy of the package, are taken for what they are.

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import * as here from '@softadastra/store';
import { SoftadastraLevel } from '@softadastra/store/abstract-level';
import { SoftadastraKeyv } from '@softadastra/store/keyv';
import { memoryStore, must, refused, throws, workspace } from './helpers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The package again, from another folder. */
function otherCopy(t) {
  const { dir } = workspace(t);
  mkdirSync(path.join(dir, 'npm'));
  for (const name of ['lib', 'index.js', 'index.d.mts', 'package.json']) {
    cpSync(path.join(root, name), path.join(dir, name), { recursive: true });
  }
  for (const name of readdirSync(path.join(root, 'npm'))) {
    if (name.endsWith('.node')) cpSync(path.join(root, 'npm', name), path.join(dir, 'npm', name));
  }
  return createRequire(path.join(dir, 'index.js'))('./index.js');
}

const realm = vm.createContext({});
const foreign = (code) => vm.runInContext(code, realm);

test('bytes of another realm are taken by every call', async (t) => {
  const store = memoryStore(t);
  const bytes = foreign('new Uint8Array([1, 2, 255])');
  assert.equal(bytes instanceof Uint8Array, false);
  const derived = foreign('class Mine extends Uint8Array {}; new Mine([1, 2, 255])');
  for (const value of [bytes, derived]) {
    must(await store.put('put', value));
    must(await store.batch([{ type: 'put', key: 'batch', value }]));
    must(await store.apply(here.Operation.put('apply', value)));
    must(await store.put('value', here.Value.fromBytes(value)));
    for (const key of ['put', 'batch', 'apply', 'value']) {
      assert.deepEqual([...store.getBytes(key)], [1, 2, 255]);
      must(await store.remove(key));
    }
  }
});

test('a payload of another realm is decoded and applied', async (t) => {
  const store = memoryStore(t);
  const payload = must(here.OperationEncoder.encode(here.Operation.put('k', 'text')));
  const there = foreign('(bytes) => Uint8Array.from(bytes)')([...payload]);
  assert.equal(must(here.OperationDecoder.decode(there)).value.toString(), 'text');
  must(await store.apply(there));
  assert.equal(store.getString('k'), 'text');
});

test('views of another realm that lost their memory, and other arrays, are refused', async (t) => {
  const store = memoryStore(t);
  const lost = foreign(`
    const memory = new ArrayBuffer(16, { maxByteLength: 32 });
    const view = new Uint8Array(memory, 0, 16);
    memory.resize(4);
    view;
  `);
  refused(await store.put('k', lost), 'invalid_argument', /detached/);
  refused(await store.put('k', foreign('new Uint16Array(2)')), 'invalid_argument', /Uint8Array/);
  throws(() => here.Value.fromBytes(foreign('({})')), 'invalid_argument', /Uint8Array/);
});

test('bytes of another realm are keys and values of a level', async (t) => {
  const level = new SoftadastraLevel(workspace(t).file());
  t.after(() => level.close());
  const options = { keyEncoding: 'view', valueEncoding: 'view' };
  await level.put(foreign('new Uint8Array([200, 1])'), foreign('new Uint8Array([9])'), options);
  assert.deepEqual([...(await level.get(Buffer.of(200, 1), options))], [9]);
});

test('a configuration of another copy opens a store', async (t) => {
  const work = workspace(t);
  const there = otherCopy(t);
  assert.notEqual(there.StoreConfig, here.StoreConfig);
  const config = there.StoreConfig.durable(work.file(), { autoFlush: false });
  const store = work.track(must(await here.StoreEngine.open(config)));
  must(await store.put('k', 'v'));
  const wrong = there.StoreConfig.memoryOnly();
  wrong.mode = 'tape';
  throws(() => new here.StoreEngine(wrong), 'invalid_argument', /mode/);
  const client = new here.Client(there.ClientOptions.memoryOnly('node'));
  must(await client.open());
  must(await client.close());
});

test('keys, values and operations of another copy are taken by every call', async (t) => {
  const store = memoryStore(t);
  const there = otherCopy(t);
  const key = new there.Key('k');
  for (const [value, expected] of [
    [there.Value.fromString('Zürich'), [...Buffer.from('Zürich')]],
    [there.Value.fromBytes(Uint8Array.of(1, 255)), [1, 255]],
  ]) {
    const operation = there.Operation.put('k', value, { timestamp: 7 });
    const writes = [
      () => store.put(key, value),
      () => store.batch([{ type: 'put', key, value }]),
      () => store.batch([operation]),
      () => store.apply(operation),
      () => store.apply(here.Operation.put(key, value)),
      () => store.apply(must(here.OperationEncoder.encode(operation))),
    ];
    for (const write of writes) {
      must(await write());
      assert.deepEqual([...store.getBytes(key)], expected);
      assert.equal(store.contains(key), true);
      assert.deepEqual(store.getMany([key]), [Buffer.from(expected).toString()]);
      assert.deepEqual([...store.keys({ gte: key })], ['k']);
      must(await store.remove(key));
    }
  }
});

test('a store and an error of another copy serve the adapters and results', async (t) => {
  const there = otherCopy(t);
  const engine = new there.StoreEngine(there.StoreConfig.memoryOnly());
  t.after(() => engine.close());
  const keyv = new SoftadastraKeyv(engine);
  await keyv.set('k', 'v');
  assert.equal(engine.getString('k'), 'v');
  const config = there.StoreConfig.memoryOnly();
  const owning = new SoftadastraKeyv(config);
  await owning.set('k', 'w');
  assert.equal(await owning.get('k'), 'w');
  await owning.disconnect();
  const error = new there.SoftadastraError('not_found', 'gone');
  assert.equal(here.Result.err(error).error(), error);
});

test('what only looks like an object of the package is refused', async (t) => {
  const store = memoryStore(t);
  const there = otherCopy(t);
  for (const Class of [here.Value, there.Value]) {
    const hollow = Object.create(Class.prototype);
    refused(await store.put('k', hollow), 'invalid_argument', /value/);
  }
  for (const Class of [here.Key, there.Key]) {
    const hollow = Object.create(Class.prototype);
    refused(await store.put(hollow, 'v'), 'invalid_argument', /key/);
  }
  throws(() => new here.StoreEngine('memory'), 'invalid_argument', /StoreConfig/);
  throws(() => here.Result.err(new Error('x')), 'invalid_argument', /SoftadastraError/);
  assert.equal(store.size(), 0);
});
