// The package installs without a compiler, a network or a script, and works.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import targets from '../lib/native/targets.js';
import { install, pack, platformPackage, program, root, target } from './packed.mjs';

const tarballs = pack();
const project = install(tarballs);

const manifestOf = (name) =>
  JSON.parse(readFileSync(path.join(project, 'node_modules', name, 'package.json'), 'utf8'));

const ROUND = `
  const opened = await StoreEngine.open(StoreConfig.durable('installed.wal'));
  const engine = opened.value();
  await engine.put('user:1', 'Ada');
  console.log(engine.getString('user:1'), (await engine.close()).isOk());
`;

test('one tarball is the package, one the native module of this platform', () => {
  const { version } = manifestOf('@softadastra/store');
  const names = tarballs.map((file) => path.basename(file));
  assert.ok(names.includes(`softadastra-store-${version}.tgz`));
  assert.ok(names.includes(`softadastra-store-${target}-${version}.tgz`));
});

test('an installed package puts, gets and closes for import', () => {
  const source = `import { StoreConfig, StoreEngine } from '@softadastra/store';\n${ROUND}`;
  const { status, stdout, stderr } = program(project, 'import.mjs', source);
  assert.deepEqual([status, stdout, stderr], [0, 'Ada true\n', '']);
});

test('an installed package puts, gets and closes for require', () => {
  const head = `const { StoreConfig, StoreEngine } = require('@softadastra/store');`;
  const source = `${head}\n(async () => {${ROUND}})();`;
  const { status, stdout, stderr } = program(project, 'require.cjs', source);
  assert.deepEqual([status, stdout, stderr], [0, 'Ada true\n', '']);
});

test('an object made through import is an instance of the class that require gives', () => {
  const source = `
    import { createRequire } from 'node:module';
    import { Key, Result, SoftadastraError } from '@softadastra/store';
    const required = createRequire(import.meta.url)('@softadastra/store');
    const error = new SoftadastraError('not_found', 'gone');
    console.log(
      new Key('a') instanceof required.Key,
      new required.Key('a') instanceof Key,
      Result.err(error) instanceof required.Result,
      Result.err(error).error() instanceof required.SoftadastraError,
    );`;
  const { stdout, stderr } = program(project, 'identity.mjs', source);
  assert.deepEqual([stdout, stderr], ['true true true true\n', '']);
});

/** What the command is made with; programs that use the package load none of it. */
const COMMAND_NEEDS = {
  'cli-progress': '^3.12.0',
  'cli-table3': '^0.6.5',
  commander: '^14.0.3',
};

test('the manifest names the packages of all platforms, in its own version, and no script', () => {
  const { optionalDependencies, version, ...rest } = manifestOf('@softadastra/store');
  const names = targets.TARGETS.map(({ name }) => targets.packageName(name));
  assert.deepEqual(optionalDependencies, Object.fromEntries(names.map((name) => [name, version])));
  assert.deepEqual(
    [rest.scripts, rest.devDependencies, rest.dependencies],
    [undefined, undefined, COMMAND_NEEDS],
  );
  assert.equal(rest.engines.node, '>=20');
});

test('the package of a platform is for that platform alone, with the licences and no script', () => {
  const manifest = manifestOf(platformPackage);
  const { os, cpu, libc } = targets.TARGETS.find(({ name }) => name === target);
  assert.deepEqual([manifest.os, manifest.cpu], [[os], [cpu]]);
  assert.deepEqual(manifest.libc, libc && [libc]);
  assert.equal(manifest.scripts, undefined);
  assert.equal(manifest.version, manifestOf('@softadastra/store').version);
  const require = createRequire(path.join(project, 'any.js'));
  assert.equal(path.basename(require.resolve(platformPackage)), targets.fileName(target));
  for (const name of ['README.md', 'LICENSE-MIT', 'LICENSE-APACHE']) {
    assert.ok(readFileSync(require.resolve(`${platformPackage}/${name}`)).length > 0, name);
  }
});

test('the manifest of the checkout names no package of a platform: before a release there are none', () => {
  const checkout = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  assert.equal(checkout.optionalDependencies, undefined);
});
