// `tail` prints the operations of a log that is written meanwhile.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { command, ran, runCommand } from './cli-support.mjs';
import { must, workspace } from './helpers.mjs';

/** A running `tail`, and its lines one by one. */
function tail(t, args) {
  const child = spawn(process.execPath, [command, 'tail', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, next: async () => JSON.parse((await lines.next()).value) };
}

const without = ({ timestamp, ...rest }) => {
  assert.equal(typeof timestamp, 'number');
  return rest;
};

test('the history that a log has is printed, and the end is the end', async (t) => {
  const { file, open } = workspace(t);
  const store = await open();
  must(await store.put('a', 'text'));
  must(await store.put('b', Buffer.from([0xff])));
  must(await store.remove('a'));
  const { stdout } = await ran(['tail', file(), '--no-follow']);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => without(JSON.parse(line)));
  assert.deepEqual(lines, [
    { sequence: 1, type: 'put', key: 'a', value: 'text' },
    { sequence: 2, type: 'put', key: 'b', base64: '/w==' },
    { sequence: 3, type: 'delete', key: 'a' },
  ]);
  assert.equal((await ran(['tail', file(), '--no-follow', '--since', '3'])).stdout, '');
  const { code, stderr } = await runCommand(['tail', file(), '--no-follow', '--since', '9']);
  assert.equal(code, 2);
  assert.match(stderr, /since is 9/);
  assert.equal((await runCommand(['tail', file('none.wal')])).code, 2);
});

test('what is written meanwhile is printed, also by the next writer, and a restart is said', async (t) => {
  const { file, open } = workspace(t);
  const printed = tail(t, [file(), '--wait', '--since', '0']);
  let store = await open();
  must(await store.put('a', '1'));
  assert.deepEqual(without(await printed.next()), {
    sequence: 1,
    type: 'put',
    key: 'a',
    value: '1',
  });
  must(await store.backup(file('backup.wal')));
  must(await store.compact());
  must(await store.close());
  store = await open();
  must(await store.put('a', '2'));
  assert.equal((await printed.next()).value, '2');
  must(await store.close());
  renameSync(file('backup.wal'), file());
  const restart = { reason: 'replaced', before: 2, after: 1 };
  assert.deepEqual(await printed.next(), { restart });
  store = await open();
  must(await store.put('b', '3'));
  assert.deepEqual(without(await printed.next()), {
    sequence: 2,
    type: 'put',
    key: 'b',
    value: '3',
  });
});

test('it ends when nobody reads any more', async (t) => {
  const { file, open } = workspace(t);
  const store = await open();
  const printed = tail(t, [file(), '--since', '0']);
  must(await store.put('a', '1'));
  await printed.next();
  printed.child.stdout.destroy();
  const ended = once(printed.child, 'close');
  let over = false;
  ended.then(() => {
    over = true;
  });
  while (!over) {
    must(await store.put('a', 'again'));
  }
  assert.deepEqual(await ended, [0, null]);
});
