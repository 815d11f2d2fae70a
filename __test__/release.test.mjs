// A release leaves no platform out: each is built, tested where it runs, and published before the package that needs it.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import platform from '../lib/native/platform.js';
import targets from '../lib/native/targets.js';
import { addonFile } from '../scripts/addon.mjs';
import { neededGlibc, newer } from '../scripts/glibc.mjs';
import { billOfMaterials } from '../scripts/sbom.mjs';
import { folder } from './folders.mjs';
import { root, run } from './packed.mjs';

const workflow = readFileSync(path.join(root, '.github', 'workflows', 'release.yml'), 'utf8');
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const names = targets.TARGETS.map(({ name }) => name).sort();

const found = (pattern) => [...workflow.matchAll(pattern)].map(([, ...groups]) => groups.join(' '));

function addon(addons, name, text) {
  writeFileSync(path.join(addons, targets.fileName(name)), text);
}

function refusedPack(addons) {
  const args = [
    'scripts/pack.mjs',
    '--all',
    '--from',
    addons,
    '--to',
    path.join(folder(), 'packages'),
  ];
  const { status, stderr } = run(process.execPath, args, { cwd: root });
  assert.equal(status, 1);
  return stderr;
}

test('every platform is built, with the target of Rust that it has here', () => {
  const built = found(/\{ target: ([\w-]+), triple: ([\w-]+), /g).sort();
  const expected = targets.TARGETS.map(({ name, triple }) => `${name} ${triple}`).sort();
  assert.deepEqual(built, expected);
});

test('every build is tested', () => {
  assert.deepEqual(found(/\{ target: ([\w-]+), os: /g).sort(), names);
});

test('a release without the build of every platform is not packed', () => {
  const addons = folder();
  for (const name of names.slice(1)) addon(addons, name, '');
  assert.match(refusedPack(addons), new RegExp(`no addon for ${names[0]}\\b`));
});

test('a release that needs a newer glibc than is promised is not packed', () => {
  const addons = folder();
  for (const name of names) addon(addons, name, '\0GLIBC_2.2.5\0GLIBC_2.28\0GLIBC_PRIVATE\0');
  addon(addons, 'linux-arm64-gnu', '\0GLIBC_2.4\0GLIBC_2.29\0GLIBC_2.17\0');
  const stderr = refusedPack(addons);
  assert.match(stderr, /the addon of linux-arm64-gnu needs glibc 2\.29, 2\.28 is promised/);
});

test('the glibc that an addon needs is read from it', (t) => {
  assert.equal(neededGlibc(Buffer.from('\0GLIBC_2.28\0GLIBC_2.9\0')), '2.28');
  assert.equal(neededGlibc(Buffer.from('GLIBC_2.99 in a text')), undefined);
  if (!platform.targetName().endsWith('-gnu')) return t.skip('a matter of the GNU C library');
  const needed = neededGlibc(readFileSync(addonFile()));
  const here = platform.glibcVersion();
  return assert.equal(newer(here, needed), here, 'it is loaded here');
});

test('the documentation promises the glibc that releases are built for', () => {
  const installing = readFileSync(path.join(root, 'docs', 'installing.md'), 'utf8');
  const [, promised] = /\| Linux with glibc \|[^|]+\| glibc ([\d.]+) or newer \|/.exec(installing);
  assert.equal(promised, targets.OLDEST_GLIBC);
  assert.match(workflow, /node scripts\/build\.mjs --target /);
  assert.match(workflow, /node scripts\/pack\.mjs --all/);
});

test('a checkout is not published by mistake', () => {
  assert.equal(manifest.scripts.prepublishOnly, 'node scripts/refuse-publish.mjs');
  const { status, stderr } = run(process.execPath, ['scripts/refuse-publish.mjs'], { cwd: root });
  assert.equal(status, 1);
  assert.match(stderr, /a checkout is not published/);
});

test('the bill of materials has every crate that is built into an addon, by its version and sum', (t) => {
  const options = { cwd: root, encoding: 'utf8' };
  if (spawnSync('cargo', ['--version'], options).error) return t.skip('cargo is not here');
  for (const { os, triple } of targets.TARGETS) {
    const what = ['--edges', 'normal,no-proc-macro', '--features', 'napi', '--target', triple];
    const args = ['tree', '--locked', '--prefix', 'none', '--format', '{p}', ...what];
    const { status, stdout, stderr } = run('cargo', args, options);
    assert.equal(status, 0, stderr);
    const crates = stdout.matchAll(/^(\S+) v(\S+)/gm);
    const built = new Set([...crates].map(([, name, version]) => `${name} ${version}`));
    built.delete(`softadastra-store ${manifest.version}`);
    const { components } = billOfMaterials(os, manifest);
    const named = components.map(({ name, version }) => `${name} ${version}`);
    assert.deepEqual(
      [...built].filter((crate) => !named.includes(crate)),
      [],
      triple,
    );
    assert.ok(!named.some((crate) => crate.startsWith('shuttle ')), 'that is for tests alone');
    for (const { hashes, name } of components)
      assert.match(hashes[0].content, /^[\da-f]{64}$/, name);
  }
  return undefined;
});
