// From a registry with the packages of all platforms npm takes the one of this platform, at once and from a lock file.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, test } from 'node:test';
import targets from '../lib/native/targets.js';
import { platformManifest } from '../scripts/platform-packages.mjs';
import { npmCommand } from '../scripts/run.mjs';
import { folder } from './folders.mjs';
import { collect } from './helpers.mjs';
import {
  dependencies,
  install,
  pack,
  packDependencies,
  platformPackage,
  program,
} from './packed.mjs';

const NAME = '@softadastra/store';
const own = pack();
const installed = install(own);
const tarballs = [...own, ...packDependencies()];
/** By name, the manifests of the packages of others that a release needs. */
const others = new Map(
  dependencies()
    .map(manifestIn)
    .map((manifest) => [manifest.name, manifest]),
);
const registry = await serve();

function manifestIn(place) {
  return JSON.parse(readFileSync(path.join(place, 'package.json'), 'utf8'));
}

function published(name) {
  if (others.has(name)) return others.get(name);
  const target = targets.TARGETS.find((one) => targets.packageName(one.name) === name);
  if (target) return platformManifest(target);
  return manifestIn(path.join(installed, 'node_modules', NAME));
}

function tarballOf({ name, version }) {
  const file = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
  return tarballs.find((one) => path.basename(one) === file);
}

/** What a registry says about a package. The tarballs of other platforms are not there, so nobody may ask for them. */
function description(name, host) {
  const manifest = published(name);
  const file = tarballOf(manifest);
  const integrity = file && createHash('sha512').update(readFileSync(file)).digest('base64');
  const dist = {
    tarball: `http://${host}/tarball/${encodeURIComponent(name)}`,
    integrity: `sha512-${integrity ?? createHash('sha512').update(name).digest('base64')}`,
  };
  const { version } = manifest;
  return { name, 'dist-tags': { latest: version }, versions: { [version]: { ...manifest, dist } } };
}

/** A registry on this machine that has the packages of a release, what they need, and nothing else. */
async function serve() {
  const asked = [];
  const server = http.createServer((request, response) => {
    const [, tarball, encoded] = /^\/(tarball\/)?(.*)$/.exec(request.url);
    const name = decodeURIComponent(encoded);
    if (!name.startsWith(NAME) && !others.has(name)) return response.writeHead(404).end('{}');
    if (!tarball) return response.end(JSON.stringify(description(name, request.headers.host)));
    if (name.startsWith(NAME)) asked.push(name);
    const file = tarballOf(published(name));
    return file ? response.end(readFileSync(file)) : response.writeHead(404).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  return { url: `http://127.0.0.1:${server.address().port}`, asked };
}

async function npm(project, ...args) {
  const { command, first, shell } = npmCommand();
  const settings = [`--registry=${registry.url}`, `--cache=${folder()}`, '--no-audit', '--no-fund'];
  const child = spawn(command, [...first, ...args, ...settings], { cwd: project, shell });
  const output = collect(child);
  const [code] = await once(child, 'close');
  assert.equal(code, 0, output.stderr);
}

function emptyProject() {
  const project = folder();
  writeFileSync(path.join(project, 'package.json'), '{ "private": true }');
  return project;
}

const packagesIn = (project) =>
  readdirSync(path.join(project, 'node_modules', '@softadastra')).sort();

function works(project) {
  const source = `
    const { Key } = require('${NAME}');
    console.log(new Key('a').isValid());`;
  const { stdout, stderr } = program(project, 'works.cjs', source);
  assert.deepEqual([stdout, stderr], ['true\n', '']);
}

test('npm install takes the native module of this platform and asks for no other', async () => {
  const project = emptyProject();
  registry.asked.length = 0;
  await npm(project, 'install', NAME);
  assert.deepEqual(packagesIn(project), ['store', path.basename(platformPackage)]);
  assert.deepEqual(registry.asked.sort(), [NAME, platformPackage]);
  works(project);
});

test('the lock file names every platform, so that npm ci serves each of them', async () => {
  const project = emptyProject();
  await npm(project, 'install', NAME);
  const lock = JSON.parse(readFileSync(path.join(project, 'package-lock.json'), 'utf8'));
  for (const { name } of targets.TARGETS) {
    const locked = lock.packages[`node_modules/${targets.packageName(name)}`];
    assert.equal(locked?.optional, true, name);
  }
  rmSync(path.join(project, 'node_modules'), { recursive: true });
  await npm(project, 'ci');
  assert.deepEqual(packagesIn(project), ['store', path.basename(platformPackage)]);
  works(project);
});

test('an install without optional dependencies succeeds, and the first store says what is missing', async () => {
  const project = emptyProject();
  await npm(project, 'install', NAME, '--omit=optional');
  assert.deepEqual(packagesIn(project), ['store']);
  const source = `const { StoreConfig, StoreEngine } = require('${NAME}');
    new StoreEngine(StoreConfig.memoryOnly());`;
  const { status, stderr } = program(project, 'load.cjs', source);
  assert.equal(status, 1);
  assert.ok(stderr.includes(`the package ${platformPackage} is not installed`), stderr);
});
