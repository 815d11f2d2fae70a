// A slow disk holds up nothing but the writes that need it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runChild, workspace } from './helpers.mjs';
import { preloaded } from './preload.mjs';

test('while syncs are held, reads, files, look-ups, timers and other stores go on', async (t) => {
  const work = workspace(t);
  // As many threads as libuv has by itself; other runtimes have as many as there are cores.
  const pool = { UV_THREADPOOL_SIZE: '4' };
  const variables = { HOLD_NAME: 'held-', HOLD_SYNC: work.file('hold'), ...pool };
  const env = preloaded(t, work, 'held-sync', variables);
  if (!env) return;
  const child = await runChild('held-sync.mjs', [work.dir], { env });
  assert.deepEqual([child.code, child.stderr], [0, '']);
  assert.equal(child.stdout, 'everything went on\n');
});
