// A release leaves no platform out: each is built, tested where it runs, and published before the package that needs it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import targets from '../lib/native/targets.js';
import { folder, root, run } from './packed.mjs';

const workflow = readFileSync(path.join(root, '.github', 'workflows', 'release.yml'), 'utf8');
const names = targets.TARGETS.map(({ name }) => name).sort();

const found = (pattern) => [...workflow.matchAll(pattern)].map(([, ...groups]) => groups.join(' '));

test('every platform is built, with the target of Rust that it has here', () => {
  const built = found(/\{ target: ([\w-]+), triple: ([\w-]+), /g).sort();
  const expected = targets.TARGETS.map(({ name, triple }) => `${name} ${triple}`).sort();
  assert.deepEqual(built, expected);
});

test('every build is tested', () => {
  assert.deepEqual(found(/\{ target: ([\w-]+), os: /g).sort(), names);
});

test('a release without the build of every platform is not packed', () => {
  const args = ['scripts/pack.mjs', '--all', '--to', path.join(folder(), 'packages')];
  const { status, stderr } = run(process.execPath, args, { cwd: root });
  assert.equal(status, 1);
  assert.match(stderr, /no addon for /);
});

test('a checkout is not published by mistake', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  assert.equal(scripts.prepublishOnly, 'node scripts/refuse-publish.mjs');
  const { status, stderr } = run(process.execPath, ['scripts/refuse-publish.mjs'], { cwd: root });
  assert.equal(status, 1);
  assert.match(stderr, /a checkout is not published/);
});
