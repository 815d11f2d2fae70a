// The package installs without a compiler, a network or a script, and works.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import targets from '../lib/native/targets.js';
import { install, pack, platformPackage, program, root, run, target } from './packed.mjs';

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
    import { createHash } from 'node:crypto';
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

const store = path.join(project, 'node_modules', '@softadastra', 'store');

test('the package has one file of JavaScript for each entry point, with its source map, and what leads there', () => {
  const files = readdirSync(store, { recursive: true }).map((name) => name.replaceAll('\\', '/'));
  const scripts = files.filter((name) => /\.[cm]?js$/.test(name)).sort();
  assert.deepEqual(scripts, [
    'bin/softadastra-store.js',
    'index.cjs',
    'index.js',
    'index.mjs',
    'lib/adapters/abstract-level.js',
    'lib/adapters/abstract-level.mjs',
    'lib/adapters/keyv.js',
    'lib/adapters/keyv.mjs',
    'lib/adapters/postgres.js',
    'lib/adapters/postgres.mjs',
  ]);
  for (const name of scripts.filter((one) => one.endsWith('.js'))) {
    const source = readFileSync(path.join(store, name), 'utf8');
    assert.ok(source.endsWith(`//# sourceMappingURL=${path.basename(name)}.map\n`), name);
    const { sources, sourcesContent } = JSON.parse(readFileSync(path.join(store, `${name}.map`)));
    const places = sources.map((one) => path.posix.join(path.posix.dirname(name), one));
    for (const [at, place] of places.entries()) {
      if (/entry of|shared:/.test(place)) continue;
      assert.equal(sourcesContent[at], readFileSync(path.join(root, place), 'utf8'), place);
    }
  }
});

test('the package exports what the checkout exports, under the same names', () => {
  const require = createRequire(path.join(project, 'any.js'));
  const here = createRequire(import.meta.url);
  for (const entry of ['', '/keyv', '/postgres']) {
    const [packed, checkout] = [require, here].map((load) => load(`@softadastra/store${entry}`));
    assert.deepEqual(Object.keys(packed), Object.keys(checkout));
    for (const [name, value] of Object.entries(packed)) assert.equal(value.name, name);
  }
});

test('the file that import is led through is small, and names nothing that would be searched as well', () => {
  const [, led] = /from '\.\/([\w.]+)'/.exec(readFileSync(path.join(store, 'index.mjs'), 'utf8'));
  const source = readFileSync(path.join(store, led), 'utf8');
  assert.ok(source.length < 1000, `${led}: ${source.length}`);
  assert.doesNotMatch(source, /module\.exports = require/);
});

test('loading the package loads one file', () => {
  const source = `
    require('@softadastra/store');
    console.log(Object.keys(require.cache).map((file) => require('path').basename(file)).join());`;
  const { stdout } = program(project, 'loaded.cjs', source);
  assert.equal(stdout, 'loaded.cjs,index.js\n');
});

test('an adapter of an installed package has the same classes as the package', () => {
  const source = `
    import { SoftadastraError } from '@softadastra/store';
    import { SoftadastraKeyv } from '@softadastra/store/keyv';
    try {
      new SoftadastraKeyv({ path: 7 });
    } catch (error) {
      console.log(error instanceof SoftadastraError);
    }
    const keyv = new SoftadastraKeyv('keyv.wal');
    await keyv.set('a', 'b');
    console.log(await keyv.get('a'));
    await keyv.disconnect();`;
  const { stdout, stderr } = program(project, 'adapter.mjs', source);
  assert.deepEqual([stdout, stderr], ['true\nb\n', '']);
});

test('the command of an installed package writes and reads', () => {
  const command = path.join(store, 'bin', 'softadastra-store.js');
  const wal = path.join(project, 'command.wal');
  const call = (...args) => run(process.execPath, [command, ...args], { cwd: project });
  assert.equal(call('put', '--create', wal, 'a', 'b').status, 0);
  assert.deepEqual([call('get', wal, 'a').stdout, call('get', wal, 'c').status], ['b', 1]);
  assert.equal(call('--version').stdout.trim(), manifestOf('@softadastra/store').version);
});

test('threads of an installed package share one store', () => {
  const source = `
    const { Worker, isMainThread, parentPort } = require('node:worker_threads');
    const { StoreConfig, StoreEngine } = require('@softadastra/store');
    (async () => {
      const engine = (await StoreEngine.open(StoreConfig.durable('threads.wal'))).value();
      if (isMainThread) {
        await engine.put('main', '1');
        const thread = new Worker(__filename);
        await new Promise((resolve) => thread.on('exit', resolve));
        console.log(engine.getString('thread'));
      } else {
        (await engine.put('thread', engine.getString('main'))).value();
      }
      await engine.close();
    })();`;
  const { stdout, stderr } = program(project, 'threads.cjs', source);
  assert.deepEqual([stdout, stderr], ['1\n', '']);
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

test('the package of a platform says what is in it, and the sums are those of its files', () => {
  const own = path.dirname(createRequire(path.join(project, 'any.js')).resolve(platformPackage));
  const lines = readFileSync(path.join(own, 'SHA256SUMS'), 'utf8').trim().split('\n');
  const sums = lines.map((line) => line.split('  '));
  const files = ['LICENSE-APACHE', 'LICENSE-MIT', 'sbom.cdx.json', targets.fileName(target)];
  assert.deepEqual(sums.map(([, file]) => file).sort(), files);
  for (const [sum, file] of sums) {
    const bytes = readFileSync(path.join(own, file));
    assert.equal(createHash('sha256').update(bytes).digest('hex'), sum, file);
  }
  const bill = JSON.parse(readFileSync(path.join(own, 'sbom.cdx.json'), 'utf8'));
  const { component } = bill.metadata;
  assert.deepEqual([bill.bomFormat, component.name], ['CycloneDX', platformPackage]);
  assert.equal(component.version, manifestOf(platformPackage).version);
});

test('the manifest of the checkout names no package of a platform: before a release there are none', () => {
  const checkout = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  assert.equal(checkout.optionalDependencies, undefined);
});
