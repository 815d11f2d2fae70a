// Where the command's output cannot go: a reader that is gone is a quiet end, a full disk a failure with a code that is
// true, and no stack is ever shown.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { command, ran, runCommand } from './cli-support.mjs';
import { must, workspace } from './helpers.mjs';

const skip = process.platform !== 'linux' && 'needs /dev/full';

/** Commands whose output is their work; with `log` in the place of the log. */
const ANSWERS = [
  ['--help'],
  ['--version'],
  ['help', 'get'],
  ['put', '--help'],
  ['inspect', 'log'],
  ['inspect', 'log', '--json'],
  ['stats', 'log'],
  ['verify', 'log'],
  ['keys', 'log'],
  ['get', 'log', 'key'],
  ['get', 'log', 'key', '--hex'],
  ['dump', 'log'],
];

/** Commands that have done their work when they report it. */
const CHANGES = [
  ['put', 'log', 'more', 'value'],
  ['load', 'log', 'lines'],
  ['compact', 'log'],
  ['backup', 'log', 'copy'],
  ['salvage', 'log', 'saved'],
  ['remove', 'log', 'more'],
];

async function logOf(t, value = 'value') {
  const { dir, file, open } = workspace(t);
  const store = await open();
  must(await store.put('key', value));
  must(await store.close());
  writeFileSync(file('lines'), '{"key":"loaded","value":"1"}\n');
  const named = { log: file(), lines: file('lines'), copy: file('copy'), saved: file('saved') };
  return { dir, file, log: file(), inPlace: (args) => args.map((word) => named[word] ?? word) };
}

/** Runs the command with redirections, as a shell does. */
function redirected(how, args) {
  const { status, stdout, stderr } = spawnSync(
    'sh',
    ['-c', `exec "$@" ${how}`, 'sh', process.execPath, command, ...args],
    { encoding: 'utf8', input: '' },
  );
  return { code: status, stdout, stderr };
}

/** Runs the command once the reader of one of its outputs is known to be gone. */
async function withoutReader(name, args) {
  const child = spawn('sh', ['-c', 'read go; exec "$@"', 'sh', process.execPath, command, ...args]);
  const said = { stdout: '', stderr: '' };
  for (const output of ['stdout', 'stderr']) {
    child[output].on('data', (chunk) => {
      said[output] += chunk;
    });
  }
  child[name].destroy();
  await once(child[name], 'close');
  child.stdin.end('go\n');
  const [code] = await once(child, 'close');
  return { code, ...said };
}

test('output that finds no room is exit code 2, or 3 where the work is done', {
  skip,
}, async (t) => {
  const { inPlace } = await logOf(t);
  for (const [commands, expected] of [
    [ANSWERS, 2],
    [CHANGES, 3],
  ]) {
    for (const args of commands) {
      const { code, stderr } = redirected('> /dev/full', inPlace(args));
      assert.equal(code, expected, `${args}: ${stderr}`);
      assert.match(stderr, /ENOSPC: no space left on device.*standard output.*\n$/);
    }
  }
  const json = redirected('> /dev/full', inPlace(['put', 'log', 'key', 'new', '--json']));
  const { error } = JSON.parse(json.stderr);
  assert.deepEqual([error.code, error.context], ['io_error', 'standard output']);
  assert.match(error.message, /the command did its work/);
  assert.equal((await ran(inPlace(['get', 'log', 'key']))).stdout, 'new');
});

test('a reader that is gone ends every command quietly, and its work is done', {
  skip: process.platform === 'win32',
}, async (t) => {
  const { inPlace } = await logOf(t);
  for (const args of [...ANSWERS, ...CHANGES]) {
    const { code, stderr } = await withoutReader('stdout', inPlace(args));
    assert.deepEqual([code, stderr], [0, ''], String(args));
  }
  assert.equal((await ran(inPlace(['keys', 'log']))).stdout, 'key\nloaded\n');
});

test('an answer is no also when nobody reads it', { skip }, async (t) => {
  const { log } = await logOf(t);
  const damaged = readFileSync(log);
  damaged[damaged.indexOf('key')] ^= 1;
  writeFileSync(log, damaged);
  assert.equal((await withoutReader('stdout', ['verify', log])).code, 1);
  assert.equal(redirected('> /dev/full', ['verify', log]).code, 2);
});

test('a message that cannot be written changes no exit code', { skip }, async (t) => {
  const { log } = await logOf(t);
  for (const [args, expected] of [
    [['get', log, 'none'], 1],
    [['get', log, ''], 2],
    [['get', log, '--no-such-option'], 2],
    [['no-such-command'], 2],
    [[], 2],
  ]) {
    for (const how of ['2> /dev/full', '2>&-', '>&- 2>&-', '> /dev/full 2> /dev/full']) {
      assert.equal(redirected(how, args).code, expected, `${args} ${how}`);
    }
    assert.equal((await withoutReader('stderr', args)).code, expected, `${args} without reader`);
  }
});

test('a failure to load at all is exit code 2, whatever becomes of its message', {
  skip,
}, async () => {
  const broken = ['-c', 'SOFTADASTRA_STORE_NATIVE=/dev/null exec "$@" 2> /dev/full', 'sh'];
  const { status } = spawnSync('sh', [...broken, process.execPath, command, 'keys', 'none.wal']);
  assert.equal(status, 2);
});

test('output that a full disk cuts short is a failure, also in its last piece', {
  skip,
}, async (t) => {
  const { file, log } = await logOf(t, 'x'.repeat(100_000));
  for (const args of [
    ['dump', log],
    ['get', log, 'key'],
    ['get', log, 'key', '--base64'],
  ]) {
    const limited = `ulimit -f 8 && exec "$@" > '${file('out')}'`;
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', limited, 'sh', process.execPath, command, ...args],
      { encoding: 'utf8' },
    );
    assert.ok(readFileSync(file('out')).length < 100_000, 'the limit was met');
    assert.equal(status, 2, String(args));
    assert.match(stderr, /^error: EFBIG: .*\(standard output\)\n$/);
  }
});

test('output that only a reading descriptor or a folder would take is a failure', {
  skip,
}, async (t) => {
  const { dir, log } = await logOf(t);
  for (const how of ['1< /dev/null', `1< '${dir}'`]) {
    for (const args of [['--version'], ['keys', log]]) {
      const { code, stderr } = redirected(how, args);
      assert.equal(code, 2, how);
      assert.match(stderr, /^error: EBADF: .*\(standard output\)\n$/);
    }
  }
});

test('output is appended to a file that has content', { skip }, async (t) => {
  const { file, log } = await logOf(t);
  writeFileSync(file('out'), 'before\n');
  assert.equal(redirected(`>> '${file('out')}'`, ['keys', log]).code, 0);
  assert.equal(readFileSync(file('out'), 'utf8'), 'before\nkey\n');
});

test('a table of very many rows is written, in parts', { timeout: 120_000 }, async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const count = 150_000;
  const puts = Array.from({ length: count }, (_, i) => ({ type: 'put', key: `${i}`, value: '' }));
  must(await store.batch(puts));
  must(await store.close());
  const { stdout } = await ran(['inspect', work.file(), '--limit', String(count)]);
  assert.equal(stdout.match(/^│ \d+ +│/gm).length, count);
});

test('inspect writes more JSON than one string can hold', { timeout: 120_000 }, async (t) => {
  const work = workspace(t);
  const store = await work.open();
  // Each of these bytes is six characters of JSON.
  for (const key of ['a', 'b']) {
    must(await store.put(key, Buffer.alloc(48 * 1024 * 1024)));
  }
  must(await store.close());
  const child = spawn(process.execPath, [command, 'inspect', work.file(), '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [size, stderr] = [0, ''];
  child.stdout.on('data', (chunk) => {
    size += chunk.length;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, 'close');
  assert.deepEqual([code, stderr], [0, '']);
  assert.ok(size > 2 * 6 * 48 * 1024 * 1024);
});

test('an error that nobody foresaw is a message without a stack', async (t) => {
  const { file, log } = await logOf(t);
  writeFileSync(file('broken.cjs'), "JSON.stringify = () => { throw new Error('unforeseen'); };\n");
  const args = ['--require', file('broken.cjs'), command, 'dump', log];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [2, 'error: internal error: unforeseen\n']);
  const { code } = await runCommand(['dump', log]);
  assert.equal(code, 0);
});
