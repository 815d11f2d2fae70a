// What a person at a terminal sees, and a program does not. `script` gives the command a terminal of its own.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { test } from 'node:test';
import { command, ran } from './cli-support.mjs';
import { must, workspace } from './helpers.mjs';

const terminal = (...words) => {
  const line = words.map((word) => `'${word}'`).join(' ');
  const { status, stdout } = spawnSync('script', ['-qec', line, '/dev/null'], { stdio: 'pipe' });
  return { code: status, shown: stdout?.toString().replaceAll('\r\n', '\n') };
};

const works = process.platform === 'linux' && terminal('true').code === 0;
const skip = !works && 'needs the program script of util-linux';

const onTerminal = (...args) => terminal(process.execPath, command, ...args);

async function logOf(t, entries) {
  const { open, file } = workspace(t);
  const store = await open();
  must(await store.batch(entries.map(([key, value]) => ({ type: 'put', key, value }))));
  must(await store.close());
  return file();
}

test('a value on a terminal ends its line, and one that is not text is not shown', {
  skip,
}, async (t) => {
  const log = await logOf(t, [
    ['text', 'dark'],
    ['bytes', Buffer.from([0x1b, 0x9b, 0xff])],
  ]);
  assert.deepEqual(onTerminal('get', log, 'text'), { code: 0, shown: 'dark\n' });
  const { code, shown } = onTerminal('get', log, 'bytes');
  assert.equal(code, 2);
  assert.match(shown, /not text: use --hex or --base64/);
  assert.deepEqual(onTerminal('get', log, 'bytes', '--hex'), { code: 0, shown: '1b9bff\n' });
});

test('progress is shown on a terminal, and nowhere else', { skip }, async (t) => {
  const log = await logOf(t, [['key', 'value']]);
  for (const [name, ...rest] of [['dump'], ['compact'], ['backup', `${log}.copy`]]) {
    const { code, shown } = onTerminal(name, log, ...rest);
    assert.equal(code, 0, shown);
    assert.match(shown, new RegExp(`${name} .*%`));
  }
  const piped = await ran(['dump', log]);
  assert.doesNotMatch(piped.stdout, /%/);
});
