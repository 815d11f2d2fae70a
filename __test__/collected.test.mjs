// A store that nobody closed and nobody uses any more is closed in the background, and loses nothing.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { test } from 'node:test';
import { childFile, collect, workspace } from './helpers.mjs';

async function run(...args) {
  const child = spawn(process.execPath, ['--expose-gc', childFile('collected.mjs'), ...args]);
  const output = collect(child);
  const [code] = await once(child, 'close');
  assert.deepEqual([code, output.stderr], [0, '']);
  return JSON.parse(output.stdout);
}

for (const kind of ['durable', 'fast']) {
  test(`a ${kind} store that is collected while open lets go of its log, sealed and complete`, async (t) => {
    const work = workspace(t);
    assert.deepEqual(await run(work.file(), kind, '20000'), { missing: 0, cleanShutdown: true });
  });
}
