// What is said when there is no native module, or one that does not work: which, and how to fix it.

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import targets from '../lib/native/targets.js';
import { folder } from './folders.mjs';
import { copyOf, install, pack, platformPackage, program, target } from './packed.mjs';

const VARIABLE = 'SOFTADASTRA_STORE_NATIVE';
const installed = install(pack());

const packages = (project) => path.join(project, 'node_modules');
const nativeFile = (project) =>
  path.join(packages(project), platformPackage, targets.fileName(target));
const another = targets.TARGETS.find(({ os }) => os !== process.platform).name;

/** Loads the package after `before`, makes a store, and prints what came of it. */
function load(project, { before = '', env } = {}) {
  const source = `${before}
    try {
      const store = require('@softadastra/store');
      new store.StoreEngine(store.StoreConfig.memoryOnly());
      console.log(JSON.stringify({ names: Object.keys(store) }));
    } catch (error) {
      const { name, code, message, context } = error;
      console.log(JSON.stringify({ name, code, message, context }));
    }`;
  const { stdout, stderr } = program(project, 'load.cjs', source, env);
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

function loads(outcome) {
  assert.ok(outcome.names?.includes('StoreEngine'), outcome.message);
}

function fails(outcome, code, ...patterns) {
  assert.deepEqual([outcome.name, outcome.code], ['SoftadastraError', code], outcome.message);
  for (const pattern of patterns) {
    assert.match(outcome.message, pattern);
  }
}

/** A project without the package of its platform. */
function without() {
  const project = copyOf(installed);
  rmSync(path.join(packages(project), platformPackage), { recursive: true });
  return project;
}

test('a lost optional dependency is named, with what loses and what restores it', () => {
  const outcome = load(without());
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url)));
  fails(outcome, 'not_found', /optional dependency/, /--omit=optional/, /lock file/);
  assert.ok(outcome.message.includes(`the package ${platformPackage} is not installed`));
  assert.ok(outcome.message.includes(`npm install --save-optional ${platformPackage}@${version}`));
  assert.equal(outcome.context, platformPackage);
});

test('packages of another platform are told from missing ones', () => {
  const project = without();
  const name = targets.packageName(another);
  mkdirSync(path.join(packages(project), name), { recursive: true });
  writeFileSync(path.join(packages(project), name, 'package.json'), JSON.stringify({ name }));
  const outcome = load(project);
  fails(outcome, 'not_found', /Installed for another platform/, /--os=\w+ --cpu=\w+/);
  assert.ok(outcome.message.includes(name));
});

test('a platform that nobody builds for is said to be one, with the list of the others', () => {
  const outcome = load(installed, {
    before: `Object.defineProperty(process, 'platform', { value: 'sunos' });`,
  });
  fails(outcome, 'not_found', /no native module for sunos-/, /linux-x64-gnu, /, /npm run build/);
});

/** Sets the program of the process to a file with this content. */
function programOf(project, content) {
  writeFileSync(path.join(project, 'program'), content);
  return `process.execPath = ${JSON.stringify(path.join(project, 'program'))};`;
}

for (const [libc, loader] of [
  ['musl', '/lib/ld-musl-x86_64.so.1'],
  ['gnu', '/lib64/ld-linux-x86-64.so.2'],
]) {
  test(`a process whose program is loaded by ${loader} looks for the package of ${libc}`, (t) => {
    if (process.platform !== 'linux') return t.skip('Linux alone has two C libraries');
    const project = without();
    const before = programOf(project, `\x7fELF\0\0${loader}\0`);
    const outcome = load(project, { before });
    const wanted = new RegExp(`@softadastra/store-linux-\\w+-${libc} is not installed`);
    return fails(outcome, 'not_found', wanted);
  });
}

test('where the program does not say how it is loaded, the report of the process tells the C library', (t) => {
  if (process.platform !== 'linux') return t.skip('Linux alone has two C libraries');
  const project = without();
  const unknown = programOf(project, 'all in one');
  const musl = `process.report.getReport = () => ({ header: {} });${unknown}`;
  fails(load(project, { before: musl }), 'not_found', /store-linux-\w+-musl is not installed/);
  const glibc = `process.report.getReport = () => ({ header: { glibcVersionRuntime: '2.36' } });${unknown}`;
  return fails(
    load(project, { before: glibc }),
    'not_found',
    /store-linux-\w+-gnu is not installed/,
  );
});

test('loading the package loads no native file, the first store does, and no other thing loads it again', () => {
  const source = `
    const { dlopen } = process;
    let times = 0;
    process.dlopen = (...args) => {
      times += 1;
      return dlopen.apply(process, args);
    };
    const { Key, StoreConfig, StoreEngine } = require('@softadastra/store');
    const { SoftadastraKeyv } = require('@softadastra/store/keyv');
    const before = times;
    new StoreEngine(StoreConfig.memoryOnly());
    new StoreEngine(StoreConfig.memoryOnly());
    new Key('a').isValid();
    console.log(before, times, typeof SoftadastraKeyv);`;
  const { stdout, stderr } = program(installed, 'late.cjs', source);
  assert.deepEqual([stdout, stderr], ['0 1 function\n', '']);
});

test('a native file can be named in the environment, absolute or from the working folder', () => {
  const project = without();
  cpSync(nativeFile(installed), path.join(project, 'named.node'));
  loads(load(project, { env: { [VARIABLE]: path.join(project, 'named.node') } }));
  loads(load(project, { env: { [VARIABLE]: 'named.node' } }));
});

test('the file that the environment names counts alone', () => {
  const outcome = load(installed, { env: { [VARIABLE]: 'gone.node' } });
  fails(outcome, 'invalid_state', /gone\.node/, /The file does not exist/, new RegExp(VARIABLE));
});

test('an empty name in the environment is no name', () => {
  loads(load(installed, { env: { [VARIABLE]: '' } }));
});

test('a file that is not a native module is said to be none', () => {
  const outcome = load(installed, { env: { [VARIABLE]: 'package.json' } });
  fails(outcome, 'invalid_state', /package\.json/, new RegExp(`not a native file for ${target}`));
});

test('a native module that needs a newer glibc says which, and what this system has', (t) => {
  if (!target.endsWith('-gnu')) return t.skip('a matter of the GNU C library');
  const project = copyOf(installed);
  const bytes = readFileSync(nativeFile(project)).toString('latin1');
  writeFileSync(nativeFile(project), bytes.replaceAll('GLIBC_2.', 'GLIBC_9.'), 'latin1');
  const outcome = load(project);
  return fails(outcome, 'invalid_state', /needs glibc 9[.\d]+ or newer; this system has \d+\.\d+/);
});

test('a native module that lacks a library it needs is told from one that is not there', (t) => {
  if (process.platform !== 'linux')
    return t.skip('the name of the library is changed in an ELF file');
  const project = copyOf(installed);
  const bytes = readFileSync(nativeFile(project)).toString('latin1');
  // What zig links, as in a release, needs the C library alone.
  if (!bytes.includes('\0libgcc_s.so.1\0')) return t.skip('this build needs no other library');
  writeFileSync(nativeFile(project), bytes.replaceAll('libgcc_s.so.1', 'libgcc_x.so.1'), 'latin1');
  const outcome = load(project);
  assert.doesNotMatch(outcome.message, /The file does not exist/);
  return fails(outcome, 'invalid_state', /libgcc_x\.so\.1/, /a library that it needs does not/);
});

test('a native module of another version than the package is refused, with both versions', () => {
  const project = copyOf(installed);
  const folderOfPackage = path.join(packages(project), '@softadastra', 'store');
  const manifest = JSON.parse(readFileSync(path.join(folderOfPackage, 'package.json'), 'utf8'));
  const file = path.join(folderOfPackage, 'index.js');
  const source = readFileSync(file, 'utf8');
  assert.ok(source.includes(`"${manifest.version}"`));
  writeFileSync(file, source.replace(`"${manifest.version}"`, '"99.0.0"'));
  const outcome = load(project);
  const versions = new RegExp(`store 99\\.0\\.0 found .* of version ${manifest.version}`);
  fails(outcome, 'invalid_state', versions, /npm install @softadastra\/store@99\.0\.0/);
});

/** An Electron app as packagers lay it out; here the archive is a folder, and its native file no file to load. */
function electronApp() {
  const app = folder();
  const archive = path.join(app, 'app.asar');
  cpSync(installed, archive, { recursive: true });
  const unpacked = `${archive}.unpacked`;
  mkdirSync(path.dirname(nativeFile(unpacked)), { recursive: true });
  renameSync(nativeFile(archive), nativeFile(unpacked));
  writeFileSync(nativeFile(archive), 'a file in an archive');
  return { archive, unpacked };
}

test('in an Electron archive the native file beside the archive is taken', () => {
  const { archive } = electronApp();
  loads(load(archive));
});

test('an Electron archive whose native file was not unpacked is told how to unpack it', () => {
  const { archive, unpacked } = electronApp();
  rmSync(unpacked, { recursive: true });
  fails(load(archive), 'invalid_state', /asarUnpack/, /Electron Forge/);
});

test('two copies of the package in one process have a native module each, and work', () => {
  const project = copyOf(installed);
  const nested = path.join(packages(project), 'app', 'node_modules', '@softadastra', 'store');
  cpSync(path.join(packages(project), '@softadastra', 'store'), nested, { recursive: true });
  const source = `
    const stores = ['@softadastra/store', './node_modules/app/node_modules/@softadastra/store']
      .map((name) => require(name))
      .map(({ StoreConfig, StoreEngine }) => new StoreEngine(StoreConfig.memoryOnly()));
    (async () => {
      for (const [at, store] of stores.entries()) await store.put('copy', String(at));
      console.log(stores.map((store) => store.getString('copy')).join());
      for (const store of stores) await store.close();
    })();`;
  const { stdout, stderr } = program(project, 'copies.cjs', source);
  assert.deepEqual([stdout, stderr], ['0,1\n', '']);
});
