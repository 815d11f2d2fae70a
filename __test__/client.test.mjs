// The client of the documented SDK: results for everything that can fail, plain answers for the rest.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import {
  Client,
  ClientOptions,
  Key,
  Result,
  StoreConfig,
  StoreEngine,
  Value,
} from '@softadastra/store';
import { must, refused, throws, workspace } from './helpers.mjs';

async function opened(t, options = ClientOptions.local('node-a')) {
  const client = new Client(options);
  t.after(() => client.close());
  must(await client.open());
  return client;
}

test('put, get, contains, size, remove', async (t) => {
  const client = await opened(t);
  assert.equal(client.empty(), true);
  const put = must(await client.put('app/name', 'Softadastra SDK'));
  assert.deepEqual([put.key, put.version, put.created], ['app/name', 1, true]);
  const value = must(await client.get('app/name'));
  assert.ok(value instanceof Value);
  assert.equal(value.toString(), 'Softadastra SDK');
  assert.equal(client.contains('app/name'), true);
  assert.equal(client.contains(''), false);
  assert.equal(client.size(), 1);
  assert.equal(client.empty(), false);
  assert.equal(must(await client.remove('app/name')).deleted, true);
  assert.equal(client.contains('app/name'), false);
  assert.equal(
    refused(await client.get('app/name'), 'not_found', 'key not found').context,
    'app/name',
  );
  assert.equal(must(await client.remove('app/name')).deleted, false);
});

test('every promise is of a Result', async (t) => {
  const client = new Client(ClientOptions.local('node-a'));
  for (const pending of [
    client.put('a', '1'),
    client.open(),
    client.put('a', '1'),
    client.get('a'),
    client.get('b'),
    client.remove('a'),
    client.close(),
    client.get('a'),
  ]) {
    assert.ok((await pending) instanceof Result);
  }
  await client.close();
  t.diagnostic('closed');
});

test('keys and values may be objects, values may be bytes', async (t) => {
  const client = await opened(t);
  await client.put(new Key('a'), Value.fromString('text'));
  await client.put('b', Uint8Array.of(0xff));
  assert.equal(must(await client.get(new Key('a'))).toString(), 'text');
  assert.deepEqual([...must(await client.get('b')).toBytes()], [0xff]);
});

test('bad keys and values are refused', async (t) => {
  const client = await opened(t);
  for (const call of ['put', 'get', 'remove']) {
    refused(await client[call]('', 'x'), 'invalid_argument', 'invalid key: key is empty');
    refused(await client[call](7, 'x'), 'invalid_argument', /^invalid key: /);
  }
  refused(await client.put('a', 7), 'invalid_argument', /^invalid value: /);
  throws(() => client.contains(7), 'invalid_argument', /^invalid key: /);
});

test('before open and after close the client says so', async () => {
  const client = new Client(ClientOptions.local('node-a'));
  const check = async (message) => {
    refused(await client.put('a', '1'), 'invalid_state', message);
    refused(await client.get('a'), 'invalid_state', message);
    refused(await client.remove('a'), 'invalid_state', message);
    assert.deepEqual([client.size(), client.empty(), client.contains('a')], [0, true, false]);
  };
  await check(/not open/);
  must(await client.open());
  await client.put('a', '1');
  must(await client.close());
  await check(/closed/);
  must(await client.close());
});

test('close before open succeeds, open twice does not', async (t) => {
  const client = new Client(ClientOptions.local('node-a'));
  t.after(() => client.close());
  must(await client.close());
  must(await client.open());
  refused(await client.open(), 'invalid_state', /already open/);
});

test('two opens at once are one, and a close that overtakes an open waits for it', async (t) => {
  const work = workspace(t);
  const client = new Client(ClientOptions.persistent('node-a', work.file()));
  const [first, second, closed] = await Promise.all([client.open(), client.open(), client.close()]);
  must(first);
  must(second);
  must(closed);
  refused(await client.get('a'), 'invalid_state', /closed/);
  must(await (await work.open()).put('a', '1'));
});

test('one options object serves two clients, one after the other', async (t) => {
  const { file } = workspace(t);
  const options = ClientOptions.persistent('node-a', file());
  const first = await opened(t, options);
  await first.put('app/name', 'Softadastra');
  refused(await new Client(options).open(), 'invalid_state', /locked/);
  must(await first.close());
  const second = await opened(t, options);
  assert.equal(must(await second.get('app/name')).toString(), 'Softadastra');
});

test('a closed client can be opened again, at once even', async (t) => {
  const { file } = workspace(t);
  const client = await opened(t, ClientOptions.persistent('node-a', file()));
  const put = client.put('a', '1');
  const closing = client.close();
  const reopening = client.open();
  must(await put);
  must(await closing);
  must(await reopening);
  assert.equal(must(await client.get('a')).toString(), '1');
});

test('a local client keeps nothing until the WAL is enabled', async (t) => {
  const { file } = workspace(t);
  const options = ClientOptions.local('node-a');
  options.walPath = file();
  await (await opened(t, options)).put('a', '1');
  assert.equal(existsSync(file()), false);
  options.enableWal = true;
  options.autoFlush = false;
  const client = await opened(t, options);
  await client.put('a', '1');
  must(await client.close());
  assert.equal(must(await (await opened(t, options)).get('a')).toString(), '1');
});

test('the fields of options and what the factories set', () => {
  const local = ClientOptions.local('node-a');
  assert.deepEqual(Object.keys(local), [
    'nodeId',
    'displayName',
    'version',
    'enableWal',
    'walPath',
    'autoFlush',
    'enableTransport',
    'transportHost',
    'transportPort',
    'enableDiscovery',
    'discoveryHost',
    'discoveryPort',
    'discoveryBroadcastHost',
    'discoveryBroadcastPort',
  ]);
  assert.deepEqual([local.nodeId, local.enableWal, local.autoFlush], ['node-a', false, true]);
  assert.deepEqual([local.enableTransport, local.enableDiscovery], [false, false]);
  assert.deepEqual({ ...ClientOptions.memoryOnly('node-a') }, { ...local });
  const persistent = ClientOptions.persistent('node-a', 'data/a.wal');
  assert.deepEqual({ ...persistent }, { ...local, enableWal: true, walPath: 'data/a.wal' });
});

test('options that cannot work are refused by open', async () => {
  for (const [field, value, code, message] of [
    ['nodeId', '', 'invalid_argument', /node id is empty/],
    ['nodeId', 7, 'invalid_argument', /nodeId/],
    ['nodeId', undefined, 'invalid_argument', /nodeId/],
    ['walPath', '', 'invalid_argument', 'invalid WAL path: path is empty'],
    ['walPath', undefined, 'invalid_argument', /^invalid WAL path: /],
    ['enableWal', 'yes', 'invalid_argument', /enableWal/],
    ['autoFlush', 1, 'invalid_argument', /autoFlush/],
    ['transportPort', 70000, 'invalid_argument', /transportPort/],
    ['discoveryPort', '5051', 'invalid_argument', /discoveryPort/],
    ['displayName', 7, 'invalid_argument', /displayName/],
    ['enableTransport', true, 'transport_error', /@softadastra\/transport/],
    ['enableDiscovery', true, 'discovery_error', /@softadastra\/discovery/],
  ]) {
    const options = ClientOptions.persistent('node-a', 'never-created.wal');
    options[field] = value;
    const client = new Client(options);
    refused(await client.open(), code, message);
    refused(await client.put('a', '1'), 'invalid_state', /not open/);
  }
  assert.equal(existsSync('never-created.wal'), false);
});

test('a client needs ClientOptions', async () => {
  for (const wrong of [undefined, null, 'node-a', { nodeId: 'node-a' }]) {
    refused(await new Client(wrong).open(), 'invalid_argument', /ClientOptions/);
  }
});

test('an open that failed can be tried again with better options', async (t) => {
  const { file } = workspace(t);
  const options = ClientOptions.persistent('node-a', file('no/such.wal'));
  const client = new Client(options);
  t.after(() => client.close());
  refused(await client.open(), 'io_error', /directory does not exist/);
  options.walPath = file();
  must(await client.open());
  must(await client.put('a', '1'));
});

test('await using closes the client', async (t) => {
  const client = await opened(t);
  await client[Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]();
  refused(await client.get('a'), 'invalid_state', /closed/);
});

test('open, close and open called at once are done in this order', async (t) => {
  const { file } = workspace(t);
  const client = new Client(ClientOptions.persistent('node-a', file()));
  t.after(() => client.close());
  const opening = client.open();
  const early = opening.then(() => client.open());
  const closing = client.close();
  const reopening = client.open();
  assert.equal(client.open(), reopening);
  for (const result of await Promise.all([opening, closing, reopening, early])) must(result);
  must(await client.put('a', '1'));
  const [again, closed] = await Promise.all([client.open(), client.close()]);
  refused(again, 'invalid_state', /already open/);
  must(closed);
  const last = [client.open(), client.close(), client.open(), client.close()];
  for (const result of await Promise.all(last)) must(result);
  refused(await client.put('a', '2'), 'invalid_state', /closed/);
  must(await must(await StoreEngine.open(StoreConfig.durable(file()))).close());
});

test('a close that overtakes an open that fails succeeds, and the client can be opened', async (t) => {
  const { file } = workspace(t);
  const options = ClientOptions.persistent('node-a', file('no/such/store.wal'));
  const client = new Client(options);
  t.after(() => client.close());
  const [failed, closed] = await Promise.all([client.open(), client.close()]);
  refused(failed, 'io_error');
  must(closed);
  options.walPath = file();
  must(await client.open());
});
