// A misspelt option is refused by name, with the right spelling; a wrong value is refused with the option's name.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Client,
  ClientOptions,
  Operation,
  Result,
  StoreConfig,
  StoreEngine,
} from '@softadastra/store';
import { filesOf, memoryStore, must, refused, throws, workspace } from './helpers.mjs';

test('the three kinds of config and their fields', () => {
  const limit = 16 * 1024 * 1024;
  const fields = (config) => ({ ...config });
  assert.deepEqual(fields(StoreConfig.memoryOnly()), {
    mode: 'memory',
    path: '',
    autoFlush: true,
    stagedBytesLimit: limit,
    compaction: true,
    memoryLimit: undefined,
    nodeId: undefined,
    tombstones: undefined,
    sweep: true,
  });
  assert.deepEqual(fields(StoreConfig.durable('a.wal')), {
    mode: 'log',
    path: 'a.wal',
    autoFlush: true,
    stagedBytesLimit: limit,
    compaction: true,
    memoryLimit: undefined,
    nodeId: undefined,
    tombstones: undefined,
    sweep: true,
  });
  assert.deepEqual(fields(StoreConfig.fast('a.wal', { stagedBytesLimit: 1 })), {
    mode: 'log',
    path: 'a.wal',
    autoFlush: false,
    stagedBytesLimit: 1,
    compaction: true,
    memoryLimit: undefined,
    nodeId: undefined,
    tombstones: undefined,
    sweep: true,
  });
  assert.equal(StoreConfig.durable('a.wal', { autoFlush: false }).autoFlush, false);
  assert.equal(StoreConfig.durable('a.wal', { autoFlush: undefined }).autoFlush, true);
});

test('a misspelt option of a config is refused by name', () => {
  for (const [options, wrong, right] of [
    [{ autoflush: true }, 'autoflush', 'autoFlush'],
    [{ autoFlsuh: true }, 'autoFlsuh', 'autoFlush'],
    [{ stagedByteLimit: 1 }, 'stagedByteLimit', 'stagedBytesLimit'],
    [{ compacton: false }, 'compacton', 'compaction'],
  ]) {
    const error = throws(() => StoreConfig.durable('a.wal', options), 'invalid_argument');
    assert.match(error.message, new RegExp(`"${wrong}".*did you mean "${right}"`));
    assert.equal(error.context, wrong);
  }
  throws(
    () => StoreConfig.durable('a.wal', { compression: true }),
    'invalid_argument',
    /"compression".*autoFlush, stagedBytesLimit/,
  );
  throws(() => StoreConfig.fast('a.wal', { autoFlush: true }), 'invalid_argument', /"autoFlush"/);
  for (const wrong of [null, 'fast', [], 1]) {
    throws(() => StoreConfig.durable('a.wal', wrong), 'invalid_argument', /object/);
  }
});

test('a misspelt field of a config is refused when a store is made from it', async (t) => {
  const { dir, file } = workspace(t);
  const config = StoreConfig.durable(file());
  config.autoFlsh = false;
  throws(() => new StoreEngine(config), 'invalid_argument', /"autoFlsh".*"autoFlush"/);
  refused(await StoreEngine.open(config), 'invalid_argument', /"autoFlsh".*"autoFlush"/);
  assert.deepEqual(filesOf(dir), {});
});

test('a config with a wrong value is refused', async () => {
  for (const [field, value, message] of [
    ['mode', 'disk', /mode/],
    ['mode', undefined, /mode/],
    ['path', '', 'invalid WAL path: path is empty'],
    ['path', 7, /^invalid WAL path: /],
    ['path', 'a\0b', /^invalid WAL path: /],
    ['path', 'a\ud800', /^invalid WAL path: /],
    ['autoFlush', 'yes', /autoFlush/],
    ['stagedBytesLimit', 0, /stagedBytesLimit/],
    ['stagedBytesLimit', 1.5, /stagedBytesLimit/],
    ['stagedBytesLimit', '16', /stagedBytesLimit/],
    ['stagedBytesLimit', Number.POSITIVE_INFINITY, /stagedBytesLimit/],
  ]) {
    const config = StoreConfig.durable('never-created.wal');
    config[field] = value;
    throws(() => new StoreEngine(config), 'invalid_argument', message);
    refused(await StoreEngine.open(config), 'invalid_argument', message);
  }
});

test('what an acknowledged write survives can be asked of a config', () => {
  const config = StoreConfig.memoryOnly();
  assert.equal(config.durability, 'none');
  assert.equal(StoreConfig.durable('a.wal').durability, 'power');
  assert.equal(StoreConfig.fast('a.wal').durability, 'process');
  assert.equal(StoreConfig.durable('a.wal', { autoFlush: false }).durability, 'process');
  assert.throws(() => {
    config.durability = 'power';
  }, TypeError);
});

test('plain options open a store with a log, or one in memory that was asked for', async (t) => {
  const work = workspace(t);
  const opened = await StoreEngine.open({
    path: work.file(),
    autoFlush: false,
    stagedBytesLimit: 1 << 20,
    compaction: undefined,
  });
  const store = work.track(must(opened));
  must(await store.put('a', '1'));
  must(await store.close());
  const again = work.track(new StoreEngine({ path: work.file(), mode: 'log' }));
  must(await again.recover());
  assert.equal(again.getString('a'), '1');
  const memory = must(await StoreEngine.open({ mode: 'memory', stagedBytesLimit: 1000 }));
  refused(await memory.compact(), 'invalid_state', /memory/);
  must(await memory.close());
});

test('plain options are checked strictly, and touch nothing when they are wrong', async (t) => {
  const work = workspace(t);
  const path = work.file();
  for (const [options, message] of [
    [{}, /path/],
    [{ path: undefined }, /path must be a string/],
    [{ path: '' }, /path is empty/],
    [{ pth: path }, /"pth" for a store: did you mean "path"/],
    [{ path, autoflush: false }, /"autoflush" for a store: did you mean "autoFlush"/],
    [{ path, lockTimeoutMs: 1 }, /"lockTimeoutMs" for a store/],
    [{ path, autoFlush: 1 }, /autoFlush must be true or false/],
    [{ path, stagedBytesLimit: 0 }, /stagedBytesLimit/],
    [{ path, compaction: { ration: 3 } }, /"ration".*did you mean "ratio"/],
    [{ path, mode: 'durable' }, /mode must be "memory" or "log"/],
    [{ path, mode: 'memory' }, /"path" for a store in memory/],
    [{ mode: 'memory', autoFlush: true }, /"autoFlush" for a store in memory/],
    [[], /a store needs options/],
  ]) {
    throws(() => new StoreEngine(options), 'invalid_argument', message);
    refused(await StoreEngine.open(options), 'invalid_argument', message);
  }
  assert.deepEqual(filesOf(work.dir), {});
});

test('a store needs options or a StoreConfig', async () => {
  for (const wrong of [undefined, null, 'a.wal', 7]) {
    throws(() => new StoreEngine(wrong), 'invalid_argument', /StoreConfig/);
    refused(await StoreEngine.open(wrong), 'invalid_argument', /StoreConfig/);
  }
});

test('a config that is changed later does not change the store made from it', async (t) => {
  const work = workspace(t);
  const config = StoreConfig.durable(work.file());
  const store = work.track(new StoreEngine(config));
  config.path = work.file('other.wal');
  config.mode = 'memory';
  await store.recover();
  assert.deepEqual(Object.keys(filesOf(work.dir)).includes('other.wal'), false);
  assert.deepEqual(Object.keys(filesOf(work.dir)).includes('store.wal'), true);
});

test('a misspelt option of a write is refused by name', async (t) => {
  const store = memoryStore(t);
  const message = /"ifversion".*did you mean "ifVersion"/;
  refused(await store.put('a', '1', { ifversion: 0 }), 'invalid_argument', message);
  refused(await store.remove('a', { ifversion: 0 }), 'invalid_argument', message);
  assert.equal(store.size(), 0);
});

test('a misspelt field of client options is refused by open', async (t) => {
  const { file } = workspace(t);
  for (const [wrong, right] of [
    ['enableWall', 'enableWal'],
    ['walpath', 'walPath'],
    ['nodeid', 'nodeId'],
    ['autoflush', 'autoFlush'],
    ['transportPrt', 'transportPort'],
  ]) {
    const options = ClientOptions.persistent('node-a', file());
    options[wrong] = true;
    const client = new Client(options);
    const pattern = new RegExp(`"${wrong}".*did you mean "${right}"`);
    refused(await client.open(), 'invalid_argument', pattern);
    refused(await client.put('a', '1'), 'invalid_state', /not open/);
  }
});

/** Every call that takes options or fields, as functions of an object that has `fields` in some way. */
function readers(store, work) {
  const durable = () => new StoreEngine(StoreConfig.durable(work.file('never.wal')));
  return [
    [{ ifVersion: 0 }, (made) => store.put('put', '1', made)],
    [{ ifVersion: 1 }, (made) => store.remove('there', made)],
    [{ type: 'put', key: 'batch', value: '1', ifVersion: 0 }, (made) => store.batch([made])],
    [{ type: 'remove', key: 'gone' }, (made) => store.batch([made])],
    [{ prefix: 'a', limit: 1 }, (made) => Result.ok([...store.keys(made)])],
    [{ reverse: true }, (made) => Result.ok([...store.snapshot().entries(made)])],
    [{ timestamp: 7 }, (made) => Result.ok(Operation.put('a', '1', made))],
    [{ timestamp: 7 }, (made) => Result.ok(Operation.remove('a', made))],
    [{ autoFlush: false }, (made) => Result.ok(StoreConfig.durable('a.wal', made))],
    [{ stagedBytesLimit: 5 }, (made) => Result.ok(StoreConfig.fast('a.wal', made))],
    [
      { ratio: 3 },
      (made) => Result.ok(new StoreEngine(StoreConfig.durable('a.wal', { compaction: made }))),
    ],
    [{ lockTimeoutMs: 1 }, (made) => StoreEngine.open(StoreConfig.durable(work.file('o')), made)],
    [{ since: 0 }, (made) => work.durable.consumer('c', made)],
    [{ since: 0, follow: false }, (made) => Result.ok(work.durable.operations(made))],
    [{ onProgress: () => undefined }, (made) => work.durable.compact(made)],
    [{ onProgress: () => undefined }, (made) => work.durable.backup(work.file('b'), made)],
    [{ lockTimeoutMs: 1 }, (made) => durable().recover(made)],
  ];
}

/** Ways to have fields: each gives an object that has them and brings more that it did not ask for. */
const WAYS = {
  'a plain object': (fields) => fields,
  'an object without a prototype': (fields) => Object.assign(Object.create(null), fields),
  'an instance of an old-style class'(fields) {
    function Made() {
      Object.assign(this, fields);
    }
    Made.prototype.describe = () => 'an enumerable method';
    return new Made();
  },
  'getters of a prototype'(fields) {
    const prototype = { describe: () => 'an enumerable method' };
    for (const [name, value] of Object.entries(fields)) {
      Object.defineProperty(prototype, name, { get: () => value, enumerable: true });
    }
    return Object.create(prototype);
  },
  'an instance with hidden and symbolic fields'(fields) {
    const made = Object.assign(new (class Made {})(), fields, { [Symbol('mine')]: 1 });
    return Object.defineProperty(made, 'hidden', { value: 1 });
  },
};

for (const [what, make] of Object.entries(WAYS)) {
  test(`every reader of options takes ${what}, whatever was added to all objects`, async (t) => {
    // biome-ignore lint/complexity/useLiteralKeys: a name of nobody
    Object.prototype['extension'] = () => 'added to all objects';
    t.after(() => {
      delete Object.prototype.extension;
    });
    const work = workspace(t);
    const store = memoryStore(t);
    must(await store.put('there', '1'));
    work.durable = await work.open();
    for (const [fields, read] of readers(store, work)) {
      const result = await read(make(fields));
      assert.equal(result.isOk(), true, `${read}: ${result.isErr() && result.error().message}`);
      await (result.value() instanceof StoreEngine ? result.value().close() : undefined);
    }
    // What is inherited is read, but no spelling of the caller's.
    if (what !== 'getters of a prototype') {
      const message = /"ifversion".*did you mean "ifVersion"/;
      const wrong = { type: 'put', key: 'a', value: '1', ifversion: 1 };
      refused(await store.batch([make(wrong)]), 'invalid_argument', message);
      refused(await store.put('a', '1', make({ ifversion: 1 })), 'invalid_argument', message);
    }
  });
}
