// A failure that nobody has read is a warning of the process, once. Who reads it in any way hears of nothing more.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { test } from 'node:test';
import { childFile, collect, workspace } from './helpers.mjs';

const CONTROL =
  'a call failed and nothing has read its result: invalid_state: version mismatch: expected 7, found 0 (control)';

/** The warnings of a program that makes results of a kind, and then a failure that it does not read. */
async function warningsOf(t, kind) {
  const { dir } = workspace(t);
  const child = spawn(process.execPath, ['--expose-gc', childFile('unread.mjs'), kind, dir]);
  const output = collect(child);
  const [code] = await once(child, 'close');
  assert.equal(code, 0, output.stderr);
  return JSON.parse(output.stdout);
}

for (const kind of [
  'successes',
  'missing keys',
  'ok',
  'isOk',
  'isErr',
  'error',
  'value',
  'JSON',
  'inspection',
  'clones',
  'orThrow',
  'results of the caller',
  'a close inside of an open that failed',
  'what the progress threw',
]) {
  test(`nothing is said of results that need no reading or were read: ${kind}`, async (t) => {
    const { before, warnings } = await warningsOf(t, kind);
    assert.equal(before, 0, JSON.stringify(warnings));
    assert.deepEqual(
      warnings.map(({ message }) => message),
      [CONTROL],
    );
  });
}

for (const [kind, message] of [
  ['an open', /: io_error: directory does not exist: [^ ]*none$/],
  ['a put that nobody waits for', /: invalid_state: version mismatch.* \(lost\)$/],
  ['a get of a client', /: invalid_argument: invalid key: key is empty/],
  ['an open of a client', /: io_error: directory does not exist: [^ ]*none$/],
  ['one of a failed group', /: invalid_state: .*failing\.wal/],
  ['a long key', /: invalid_state: version mismatch: expected 7, found 0$/],
  ['very many', /: invalid_argument: invalid key: key is empty/],
]) {
  test(`a failure that nobody reads is a warning, once: ${kind}`, async (t) => {
    const { before, warnings } = await warningsOf(t, kind);
    assert.equal(before, 1);
    assert.equal(warnings.length, 1);
    const [warning] = warnings;
    assert.match(warning.message, /^a call failed and nothing has read its result: /);
    assert.match(warning.message, message);
    assert.deepEqual(
      [warning.name, warning.code],
      ['SoftadastraWarning', 'SOFTADASTRA_UNREAD_FAILURE'],
    );
    assert.match(warning.detail, /orThrow/);
  });
}
