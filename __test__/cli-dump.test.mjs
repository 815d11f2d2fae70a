// A dump loads again as what it was, however large, and a dump that is wrong loads up to the line at fault.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { Operation, SnapshotBuilderStore, StoreConfig, StoreEngine } from '@softadastra/store';
import fc from 'fast-check';
import { command, ran, runCommand } from './cli-support.mjs';
import { must, workspace } from './helpers.mjs';

/** Everything that a dump has to keep. */
async function contentOf(log) {
  const snapshot = must(await SnapshotBuilderStore.build(log));
  return Array.from(snapshot.entries(), ([key, { value, timestamp }]) => [
    key,
    value.toBytes().toString('hex'),
    timestamp,
  ]);
}

const anyKey = fc.string({ unit: 'binary', minLength: 1 });
const anyValue = fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array());
const anyEntry = fc.tuple(anyKey, anyValue, fc.maxSafeInteger());

test('a dump loads again with its keys, values and timestamps', { timeout: 120_000 }, async (t) => {
  const { file } = workspace(t);
  let run = 0;
  const strange = [
    ['\u2028\u2029\n\r', 'a\u2028b\u2029c\nd\r\n', 0],
    ['\u0000', '\ufeffmark\u0000', -1],
    ['\u{10ffff}', new Uint8Array([0xef, 0xbf, 0xbd, 0xff]), Number.MAX_SAFE_INTEGER],
    ['empty', '', Number.MIN_SAFE_INTEGER],
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(anyEntry, { maxLength: 50 }), async (entries) => {
      run += 1;
      const [from, to] = [file(`${run}.wal`), file(`${run}-loaded.wal`)];
      const store = must(await StoreEngine.open(StoreConfig.fast(from)));
      for (const [name, content, timestamp] of entries) {
        must(await store.apply(Operation.put(name, content, { timestamp })));
      }
      must(await store.close());
      const { bytes } = await ran(['dump', from]);
      await ran(['load', '--create', to], bytes);
      assert.deepEqual(await contentOf(to), await contentOf(from));
    }),
    { numRuns: 15, examples: [[strange]] },
  );
});

test('a dump has what expires with its time, and nothing that has expired', async (t) => {
  const { file, open } = workspace(t);
  const store = await open();
  const expiresAt = 253_370_764_800_000;
  const held = Operation.put('a', 'x', { timestamp: 1000 });
  must(await store.apply(held, { expiresAt }));
  must(await store.put('b', 'y', { expiresAt: 1 }));
  const { stdout } = await ran(['dump', file()]);
  const line = `{"key":"a","value":"x","version":1,"timestamp":1000,"expiresAt":${expiresAt}}\n`;
  assert.equal(stdout, line);
  await ran(['load', '--create', file('loaded.wal')], stdout);
  assert.equal((await ran(['dump', file('loaded.wal')])).stdout, line);
  const { stdout: got } = await ran(['get', file('loaded.wal'), 'a', '--json']);
  assert.deepEqual(JSON.parse(got).expiresAt, expiresAt);
  const wrong = await runCommand(
    ['load', file('loaded.wal')],
    '{"key":"a","value":"x","expiresAt":0}',
  );
  assert.match(wrong.stderr, /line 1: expiresAt must be/);
  await ran(['put', file('loaded.wal'), 'c', 'z', '--ttl', '60000']);
  const put = must(await SnapshotBuilderStore.build(file('loaded.wal'))).get('c');
  assert.ok(must(put).expiresAt > Date.now());
});

test('a dump follows ranges, and its lines say what a program needs', async (t) => {
  const { file, open } = workspace(t);
  const store = await open();
  must(await store.apply(Operation.put('a:1', 'x', { timestamp: 1000 })));
  must(await store.apply(Operation.put('b', new Uint8Array([255]), { timestamp: 2000 })));
  const { stdout } = await ran(['dump', file(), '--gte', 'b']);
  assert.equal(stdout, '{"key":"b","base64":"/w==","version":2,"timestamp":2000}\n');
  const reversed = await ran(['dump', file(), '--reverse', '--limit', '1']);
  assert.equal(reversed.stdout, stdout);
});

test('load replaces what is under the same keys, keeps the rest, and needs no last end of line', async (t) => {
  const { file, open } = workspace(t);
  const store = await open();
  must(await store.put('kept', 'old'));
  must(await store.put('key', 'old'));
  must(await store.close());
  const { stdout } = await ran(['load', file(), '--json'], '{"key":"key","value":"new"}');
  assert.deepEqual(JSON.parse(stdout), { log: file(), loaded: 1 });
  assert.equal((await ran(['get', file(), 'kept'])).stdout, 'old');
  assert.equal((await ran(['get', file(), 'key'])).stdout, 'new');
});

for (const [what, line, message] of [
  ['is no JSON', '{"key":', /not a JSON object/],
  ['is an array', '["key","value"]', /not a JSON object/],
  ['has a byte-order mark in the middle', '\ufeff{"key":"k","value":""}', /not a JSON object/],
  ['is no UTF-8', Buffer.from('{"key":"k","value":"\xff"}', 'latin1'), /not a JSON object/],
  ['has no key', '{"value":"x"}', /"key" must be a string/],
  ['has an empty key', '{"key":"","value":"x"}', /key is empty/],
  ['has no value', '{"key":"k"}', /either "value" or "base64"/],
  ['has two values', '{"key":"k","value":"","base64":""}', /either "value" or "base64"/],
  ['has a value that is a number', '{"key":"k","value":7}', /"value" must be a string/],
  ['has null for bytes', '{"key":"k","base64":null}', /"base64" must be a string/],
  ['has broken base64', '{"key":"k","base64":"_w=="}', /not base64/],
  ['has a lone surrogate', '{"key":"k","value":"\\ud800"}', /surrogate|well-formed/],
  ['has a misspelt field', '{"key":"k","valu":"x"}', /unknown field "valu"/],
  ['has a timestamp that is no number', '{"key":"k","value":"","timestamp":"now"}', /timestamp/],
]) {
  test(`load ends at a line that ${what}, names it, and keeps what came before`, async (t) => {
    const { file } = workspace(t);
    const [good, later] = ['{"key":"good","value":"1"}\n', '\n{"key":"later","value":"2"}\n'];
    const input = Buffer.concat([good, line, later].map((part) => Buffer.from(part)));
    const { code, stdout, stderr } = await runCommand(['load', '--create', file()], input);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^error: line 2: /);
    assert.match(stderr, /; 1 entries are loaded\n$/);
    assert.match(stderr, message);
    assert.equal((await ran(['keys', file()])).stdout, 'good\n');
  });
}

/** A log of many entries, some of them large. */
async function largeLog(work) {
  const store = must(await StoreEngine.open(StoreConfig.fast(work.file('large.wal'))));
  const large = 'x'.repeat(1024 * 1024);
  for (let i = 0; i < 32; i += 1) {
    must(await store.put(`large:${i}`, large));
  }
  const many = Array.from({ length: 50_000 }, (_, i) => ({
    type: 'put',
    key: `k:${i}`,
    value: 'v',
  }));
  must(await store.batch(many));
  must(await store.close());
  return work.file('large.wal');
}

test('a large dump is streamed: a slow reader does not make it grow', {
  timeout: 120_000,
}, async (t) => {
  const work = workspace(t);
  const log = await largeLog(work);
  // The log is in memory once; a dump that is in memory as a whole besides would not fit in this heap.
  const args = ['--max-old-space-size=24', command, 'dump', log];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let lines = 0;
  for await (const chunk of child.stdout) {
    lines += chunk.toString('latin1').split('\n').length - 1;
  }
  assert.equal(lines, 50_032);
  assert.equal(child.exitCode ?? (await once(child, 'exit'))[0], 0);
});

test('a reader that has seen enough ends a dump quietly', async (t) => {
  const log = await largeLog(workspace(t));
  for (const args of [
    ['dump', log],
    ['keys', log],
    ['get', log, 'large:0'],
  ]) {
    const child = spawn(process.execPath, [command, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.stdout.once('data', () => child.stdout.destroy());
    const [code] = await once(child, 'close');
    assert.deepEqual([code, stderr], [0, ''], args[0]);
  }
});

test('output that cannot be written is a failure', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const log = await largeLog(workspace(t));
  const shell = spawn('sh', [
    '-c',
    '"$0" "$1" dump "$2" > /dev/full',
    process.execPath,
    command,
    log,
  ]);
  let stderr = '';
  shell.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(shell, 'close');
  assert.equal(code, 2);
  assert.match(stderr, /^error: ENOSPC/);
});

test('load reads a file as it reads standard input', async (t) => {
  const { file } = workspace(t);
  writeFileSync(file('dump'), '{"key":"a","value":"1"}\r\n{"key":"b","value":"2"}\n');
  await ran(['load', '--create', file(), file('dump')]);
  assert.equal((await ran(['keys', file()])).stdout, 'a\nb\n');
});

const MARK = '\ufeff';
const [A, B] = ['{"key":"a","value":"1"}', '{"key":"b","value":"2"}'];
const utf16 = (text, order) =>
  order === 'le' ? Buffer.from(text, 'utf16le') : Buffer.from(text, 'utf16le').swap16();

for (const [what, input, loaded] of [
  ['a byte-order mark', `${MARK}${A}\n${B}\n`, 2],
  ['a byte-order mark and nothing else', MARK, 0],
  ['a byte-order mark on a line of its own', `${MARK}\n${A}\n${B}`, 2],
  ['lines that end with CRLF', `${A}\r\n${B}\r\n`, 2],
  ['a blank last line', `${A}\n${B}\n\n`, 2],
  ['blank lines everywhere', `\n \t\r\n${A}\n\r\n\n${B}\r\n\r\n`, 2],
  ['a last line without an end', `${A}\n${B}`, 2],
  ['a last line of blanks without an end', `${A}\n${B}\n  `, 2],
  ['nothing', '', 0],
  ['blank lines only', '\n\r\n\n', 0],
]) {
  test(`a dump with ${what} is loaded`, async (t) => {
    const { file } = workspace(t);
    writeFileSync(file('dump'), input);
    for (const result of [
      await ran(['load', '--create', file('piped.wal'), '--json'], input),
      await ran(['load', '--create', file('read.wal'), file('dump'), '--json']),
    ]) {
      assert.equal(JSON.parse(result.stdout).loaded, loaded);
    }
    const keys = loaded === 0 ? '' : 'a\nb\n';
    assert.equal((await ran(['keys', file('piped.wal')])).stdout, keys);
    assert.equal((await ran(['keys', file('read.wal')])).stdout, keys);
  });
}

test('lines are counted with the blank ones', async (t) => {
  const { file } = workspace(t);
  const input = `${MARK}\n${A}\r\n\r\nwrong\r\n${B}`;
  const { code, stderr } = await runCommand(['load', '--create', file()], input);
  assert.deepEqual([code, stderr], [2, 'error: line 4: not a JSON object; 1 entries are loaded\n']);
});

test('a dump in UTF-16 is refused by that name', async (t) => {
  const { file } = workspace(t);
  for (const order of ['le', 'be']) {
    const input = utf16(`${MARK}${A}\r\n`, order);
    const { code, stderr } = await runCommand(['load', '--create', file()], input);
    assert.equal(code, 2);
    assert.match(stderr, /^error: line 1: the dump is UTF-16/);
  }
});

test('a line that no string can hold ends the load', {
  skip: process.platform === 'win32',
  timeout: 120_000,
}, async (t) => {
  const { file } = workspace(t);
  const script = `{ printf '%s\\n' "$line"; cat /dev/zero; } | "$@"`;
  const args = ['-c', script, 'sh', process.execPath, command, 'load', '--create', file()];
  const { code, stderr } = await new Promise((resolve) => {
    const shell = spawn('sh', args, { env: { ...process.env, line: A }, stdio: 'pipe' });
    let said = '';
    shell.stderr.on('data', (chunk) => {
      said += chunk;
    });
    shell.on('close', (status) => resolve({ code: status, stderr: said }));
  });
  assert.equal(code, 2);
  assert.match(stderr, /^error: line 2: the line has more than \d+ bytes; 1 entries are loaded\n$/);
});
