// A runtime can ask the addon which Node-API it needs, and every runtime that the package is for has that.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import platform from '../lib/native/platform.js';
import targets from '../lib/native/targets.js';
import { workspace } from './helpers.mjs';
import { root, run } from './packed.mjs';

// What Node.js 20.0 has; engines in package.json promises that release.
const OLDEST_RUNTIME = 8;

test('the addon says which Node-API it needs, and the oldest runtime has it', (t) => {
  if (process.platform === 'win32') return t.skip('there is no one C compiler to ask with');
  const asker = workspace(t).file('api-version');
  const source = path.join(root, '__test__', 'native', 'api-version.c');
  const made = spawnSync('cc', ['-o', asker, source, '-ldl'], { encoding: 'utf8' });
  if (made.error) return t.skip(`no C compiler: ${made.error.message}`);
  assert.equal(made.status, 0, made.stderr);
  const addon = path.join(root, 'npm', targets.fileName(platform.targetName()));
  const { status, stdout, stderr } = run(asker, [addon]);
  assert.deepEqual([status, stderr], [0, '']);
  const version = Number(stdout);
  assert.ok(version >= 1 && version <= OLDEST_RUNTIME, `asks for Node-API ${version}`);
  assert.ok(version <= Number(process.versions.napi));
});
