// A disk that is slow or failing holds up nothing but the writes that need it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gate, noGate } from './gate.mjs';
import { runChild, workspace } from './helpers.mjs';

test('while syncs are held, reads, files, look-ups, timers and other stores go on', {
  skip: noGate,
}, async (t) => {
  const { dir } = workspace(t);
  const child = await runChild('held-sync.mjs', [dir], { env: gate(dir, 'held').env });
  assert.deepEqual([child.code, child.stderr], [0, '']);
  assert.equal(child.stdout, 'everything went on\n');
});
