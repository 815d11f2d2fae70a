// What the command is given: standard input that is not there, arguments that are not UTF-8, and more than fits. Nothing
// of it becomes a value or a key that nobody meant.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { command, ran, runCommand } from './cli-support.mjs';
import { filesOf, must, workspace } from './helpers.mjs';

const skip = process.platform === 'win32' && 'needs a shell';
const linuxOnly = process.platform !== 'linux' && 'needs arguments of any bytes';

async function logOf(t) {
  const work = workspace(t);
  const store = await work.open();
  must(await store.put('key', 'value'));
  must(await store.close());
  return { ...work, log: work.file() };
}

/** Runs a script of the shell in which `$@` is the command with these arguments. */
function shell(script, args) {
  const { status, stdout, stderr } = spawnSync(
    'sh',
    ['-c', script, 'sh', process.execPath, command, ...args],
    { encoding: 'utf8', input: '' },
  );
  return { code: status, stdout, stderr };
}

test('standard input that is closed, a folder or not for reading is not an empty value', {
  skip,
}, async (t) => {
  const { dir, file, log } = await logOf(t);
  for (const [how, why] of [
    ['<&-', /^error: standard input cannot be read: it is closed\n$/],
    [`< '${dir}'`, /^error: standard input cannot be read: it is a directory\n$/],
    [`0> '${file('other')}'`, /^error: standard input cannot be read: EBADF/],
  ]) {
    for (const form of [[], ['--hex'], ['--base64']]) {
      const { code, stdout, stderr } = shell(`exec "$@" ${how}`, ['put', log, 'key', ...form]);
      assert.deepEqual([code, stdout], [2, ''], how);
      assert.match(stderr, why);
    }
  }
  const json = shell('exec "$@" <&-', ['put', log, 'key', '--json']);
  assert.equal(JSON.parse(json.stderr).error.code, 'io_error');
  assert.equal((await ran(['get', log, 'key'])).stdout, 'value');
});

test('an empty file, pipe or null device that can be read is an empty value', {
  skip,
}, async (t) => {
  const { file, log } = await logOf(t);
  writeFileSync(file('empty'), '');
  for (const script of [
    `exec "$@" < '${file('empty')}'`,
    ': | "$@"',
    'exec "$@" < /dev/null',
    'exec "$@"',
  ]) {
    await ran(['put', log, 'key', 'value']);
    assert.equal(shell(script, ['put', log, 'key']).code, 0, script);
    assert.equal((await ran(['get', log, 'key'])).stdout, '');
  }
});

test('load from standard input that is not there creates no log', { skip }, async (t) => {
  const { dir, file } = workspace(t);
  for (const how of ['<&-', `< '${dir}'`]) {
    const { code, stderr } = shell(`exec "$@" ${how}`, ['load', '--create', file('new.wal')]);
    assert.equal(code, 2);
    assert.match(stderr, /^error: standard input cannot be read: /);
  }
  const folder = await runCommand(['load', '--create', file('new.wal'), dir]);
  assert.equal(folder.code, 2);
  assert.deepEqual(Object.keys(filesOf(dir)), []);
});

test('an argument that is not UTF-8 is refused, and two keys never become one', {
  skip: linuxOnly,
}, async (t) => {
  const { dir, log } = await logOf(t);
  const bad = `bad="$(printf 'a\\377')"; `;
  const before = filesOf(dir);
  for (const script of [
    `"$@" put '${log}' "$bad" value`,
    `"$@" put '${log}' key "$bad"`,
    `"$@" get '${log}' "$bad"`,
    `"$@" remove '${log}' "$bad"`,
    `"$@" keys '${log}' --prefix "$bad"`,
    `"$@" dump '${log}' --gte="$bad"`,
    `"$@" put '${log}' key --file "$bad"`,
    `"$@" put --create '${dir}'/"$bad" key value`,
    `"$@" backup '${log}' '${dir}'/"$bad"`,
    `"$@" load '${log}' '${dir}'/"$bad"`,
    `"$@" "$bad"`,
  ]) {
    const { code, stdout, stderr } = shell(bad + script, []);
    assert.deepEqual([code, stdout], [2, ''], script);
    assert.match(stderr, /^error: argument \d is not UTF-8/);
  }
  assert.deepEqual(filesOf(dir), before);
});

test('every key can be given as JSON, also one that no argument can hold', async (t) => {
  const { log } = await logOf(t);
  const strange = ['\ufffd', 'a\0b', '\n', '"', '--'];
  for (const key of strange) {
    await ran([
      'put',
      log,
      '--json-key',
      JSON.stringify(key).replace('\ufffd', '\\ufffd'),
      'value',
    ]);
  }
  const listed = (await ran(['keys', log, '--json'])).stdout.split('\n').slice(0, -1);
  assert.deepEqual(listed.map(JSON.parse).sort(), [...strange, 'key'].sort());
  for (const text of listed) {
    const { stdout } = await ran(['get', log, '--json-key', text, '--json']);
    assert.equal(JSON.parse(stdout).key, JSON.parse(text));
    const only = await ran(['keys', log, '--json', '--json-key', '--gte', text, '--lte', text]);
    assert.equal(only.stdout, `${text}\n`);
    await ran(['remove', log, '--json-key', text]);
  }
  for (const wrong of ['key', '7', 'null', '["a"]', '"a', '']) {
    for (const args of [
      ['get', log, wrong],
      ['keys', log, '--gt', wrong],
    ]) {
      const { code, stderr } = await runCommand([...args, '--json-key']);
      assert.equal(code, 2, wrong);
      assert.match(stderr, /the key is not a JSON string/);
    }
  }
});

test('a value that is given in too many bytes is refused before they are read', {
  skip,
}, async (t) => {
  const { file, log } = await logOf(t);
  const descriptor = openSync(file('large'), 'w');
  ftruncateSync(descriptor, 3 * 1024 ** 3);
  closeSync(descriptor);
  for (const form of [[], ['--hex'], ['--base64']]) {
    for (const source of [file('large'), '/dev/zero']) {
      const given = await runCommand(['put', log, 'key', '--file', source, ...form]);
      const piped = shell(`exec "$@" < '${source}'`, ['put', log, 'key', ...form]);
      for (const { code, stderr } of [given, piped]) {
        assert.equal(code, 2);
        assert.match(stderr, /^error: the value is given as more than \d+ bytes\n$/);
      }
    }
  }
  assert.equal((await ran(['get', log, 'key'])).stdout, 'value');
});

test('the largest value is taken in every form', { timeout: 120_000 }, async (t) => {
  const { file, log } = await logOf(t);
  const largest = Buffer.alloc(64 * 1024 * 1024, 0xab);
  for (const form of [undefined, 'hex', 'base64']) {
    writeFileSync(file('value'), form === undefined ? largest : `${largest.toString(form)}\n`);
    const options = form === undefined ? [] : [`--${form}`];
    await ran(['put', log, `as ${form}`, '--file', file('value'), ...options]);
    assert.ok((await ran(['get', log, `as ${form}`])).bytes.equals(largest), form);
  }
});

test('a relative path leads into no other folder when that of work is not UTF-8', {
  skip: linuxOnly,
}, async (t) => {
  const { dir, file } = workspace(t);
  const script = (folder) => `cd '${dir}' && mkdir -p "${folder}" && cd "${folder}" && exec "$@"`;
  const bytes = script("$(printf 'a\\377')");
  const text = script('a\ufffd');
  const put = ['put', '--create', 'store.wal', 'key', 'value'];
  // Without and with a folder of the name that the other one is shown with.
  for (const others of ['no', 'one']) {
    const { code, stderr } = shell(bytes, put);
    assert.equal(code, 2);
    assert.match(stderr, /a name that is not UTF-8, so a relative path leads nowhere: store\.wal/);
    assert.equal(shell(bytes, ['--version']).code, 0);
    assert.equal(shell(text, [...put.slice(0, -1), 'text']).code, 0);
    assert.equal((await runCommand(['get', file('a\ufffd/store.wal'), 'key'])).code, 2);
    assert.equal(shell(text, ['get', 'store.wal', 'key']).stdout, 'text', others);
  }
});
