'use strict';

// `require` and `import` give the same classes, all of them, under the published names.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { test } = require('node:test');

const NAMES = [
  'ApplyResult',
  'BackupReport',
  'BatchResult',
  'Change',
  'Client',
  'ClientOptions',
  'CompactionReport',
  'Consumer',
  'Entry',
  'Key',
  'LoggedOperation',
  'Operation',
  'OperationDecoder',
  'OperationEncoder',
  'PutResult',
  'RecoveryReport',
  'RemoveResult',
  'Result',
  'SalvageReport',
  'Snapshot',
  'SnapshotBuilderStore',
  'SoftadastraError',
  'StoreConfig',
  'StoreEngine',
  'SweepReport',
  'TypedStore',
  'UpdateResult',
  'Value',
  'readLog',
  'salvage',
];

test('require gives every class and nothing else', () => {
  const required = require('@softadastra/store');
  assert.deepEqual(Object.keys(required).sort(), NAMES);
  for (const name of NAMES) {
    assert.equal(typeof required[name], 'function', name);
    assert.equal(required[name].name, name);
  }
});

test('import gives the same classes as require', async () => {
  const required = require('@softadastra/store');
  const imported = await import('@softadastra/store');
  assert.deepEqual(Object.keys(imported).sort(), [...NAMES, 'default'].sort());
  for (const name of NAMES) {
    assert.equal(imported[name], required[name], name);
  }
  assert.equal(imported.default, required);
});

test('a store opened through require works', async () => {
  const { StoreConfig, StoreEngine } = require('@softadastra/store');
  const store = new StoreEngine(StoreConfig.memoryOnly());
  assert.equal((await store.put('a', '1')).value().version, 1);
  assert.equal(store.getString('a'), '1');
  await store.close();
});

test('the adapters are the same classes through require and import', async () => {
  for (const [entry, name] of [
    ['@softadastra/store/abstract-level', 'SoftadastraLevel'],
    ['@softadastra/store/keyv', 'SoftadastraKeyv'],
  ]) {
    const required = require(entry);
    assert.deepEqual(Object.keys(required), [name]);
    const imported = await import(entry);
    assert.deepEqual(Object.keys(imported), [name]);
    assert.equal(imported[name], required[name]);
  }
});

test('the package itself loads neither keyv nor abstract-level', () => {
  const program =
    "require('@softadastra/store'); console.log(JSON.stringify(Object.keys(require.cache)))";
  const options = { cwd: __dirname, encoding: 'utf8' };
  const loaded = JSON.parse(execFileSync(process.execPath, ['-e', program], options));
  assert.ok(loaded.length > 10);
  assert.deepEqual(
    loaded.filter((file) => /adapters|node_modules/.test(file)),
    [],
  );
});
