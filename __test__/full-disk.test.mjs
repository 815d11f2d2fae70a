// When the log cannot grow, the group that found no room fails as a whole; what was acknowledged stays, and the store
// goes on. A limit on the size of files stands in for a full disk.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { test } from 'node:test';
import { childFile, workspace } from './helpers.mjs';

const skip = process.platform === 'win32' && 'no limit on the size of files on Windows';

test('a write that finds no room fails, everything acknowledged stays', { skip }, async (t) => {
  const work = workspace(t);
  const limited = 'ulimit -f 16384 && exec "$@"';
  const { status, stdout, stderr } = spawnSync(
    'sh',
    ['-c', limited, 'sh', process.execPath, childFile('fill.mjs'), work.file()],
    { encoding: 'utf8' },
  );
  assert.deepEqual([status, stderr], [0, '']);
  const said = JSON.parse(stdout);
  assert.equal(said.code, 'io_error');
  assert.match(said.message, /WAL append failed at sequence \d+, byte \d+: /);
  assert.ok(said.message.includes(work.file()), said.message);
  assert.deepEqual([said.poisoned, said.afterwards, said.readable], [false, true, true]);
  assert.equal(said.size, said.acknowledged.length);
  const store = await work.open();
  assert.deepEqual([...store.keys()].sort(), said.acknowledged.sort());
});
