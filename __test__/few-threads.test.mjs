// Many stores and snapshots at once are opened, closed and freed by a few threads.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { test } from 'node:test';
import { childFile, collect, workspace } from './helpers.mjs';

const STORES = 200;
const skip = process.platform !== 'linux' && 'the threads are listed on Linux';

test('200 stores and 50 large snapshots take a few threads', { skip }, async (t) => {
  const { dir } = workspace(t);
  const args = ['--expose-gc', childFile('few-threads.mjs'), dir, String(STORES)];
  const child = spawn(process.execPath, args);
  const output = collect(child);
  const [code] = await once(child, 'close');
  assert.deepEqual([code, output.stderr], [0, '']);
  const { stores, found, clean, most } = JSON.parse(output.stdout);
  assert.deepEqual({ stores, found, clean }, { stores: STORES, found: STORES, clean: STORES });
  t.diagnostic(JSON.stringify(most));
  const all = Object.entries(most);
  const limits = { 'store-close': 4, 'store-open': 4, 'store-release': 1 };
  const ours = all.filter(([name]) => /^(store|softadastra)-/.test(name)).sort();
  assert.deepEqual(
    ours.map(([name]) => name),
    Object.keys(limits),
  );
  for (const [name, threads] of ours) assert.ok(threads <= limits[name], `${threads} ${name}`);
  // Those of Node.js are few, whatever their names.
  assert.ok(all.reduce((sum, [, threads]) => sum + threads, 0) < 60);
});
