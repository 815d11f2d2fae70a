// The command reads and writes logs, says no with 1 and fails with 2, and touches nothing that it was not asked to.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { ran, runCommand } from './cli-support.mjs';
import { filesOf, must, workspace } from './helpers.mjs';

const READERS = [['inspect'], ['stats'], ['verify'], ['keys'], ['dump'], ['get', 'key']];
const COMMANDS = [
  ...READERS.map(([name]) => name),
  'tail',
  'put',
  'remove',
  'load',
  'compact',
  'backup',
  'salvage',
];

const withLog = ([name, ...rest], log) => [name, log, ...rest];

/** A closed log with these entries. */
async function logOf(t, entries) {
  const work = workspace(t);
  const store = await work.open();
  must(
    await store.batch(Object.entries(entries).map(([key, value]) => ({ type: 'put', key, value }))),
  );
  must(await store.close());
  return { ...work, log: work.file() };
}

/** Lock files say who had a log open last; what counts is the rest. */
function withoutLocks(files) {
  return Object.fromEntries(Object.entries(files).filter(([name]) => !name.endsWith('.lock')));
}

test('there is help for the command and for each of its commands', async () => {
  const { stdout } = await ran(['--help']);
  for (const name of COMMANDS) {
    assert.match(stdout, new RegExp(`^  ${name} `, 'm'));
    const help = await ran([name, '--help']);
    assert.match(help.stdout, new RegExp(`^Usage: softadastra-store ${name} `));
  }
  const page = readFileSync(new URL('../docs/cli.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| `(\w+) </gm)].map(([, name]) => name);
  const listed = [...stdout.matchAll(/^ {2}(\w+) \[options\]/gm)].map(([, name]) => name);
  assert.deepEqual(documented, listed);
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url)));
  assert.equal((await ran(['--version'])).stdout, `${version}\n`);
});

test('wrong usage is refused with exit code 2 and creates nothing', async (t) => {
  const { dir, file } = workspace(t);
  for (const args of [
    [],
    ['gte', file()],
    ['get'],
    ['get', file()],
    ['get', file(), 'key', 'more'],
    ['keys', file(), '--limt', '1'],
    ['keys', file(), '--limit', '-1'],
    ['keys', file(), '--limit', '1.5'],
    ['put', '--create', file(), 'key', 'value', '--if-version', 'x'],
    ['put', '--create', file(), 'key', 'value', '--file', 'also'],
    ['put', '--create', file(), 'key', '--file', file('none')],
    ['put', '--create', file(), 'key', 'xyz', '--hex'],
    ['put', '--create', file(), 'key', 'YQ', '--base64'],
    ['put', '--create', file(), 'key', 'YQ==', '--base64', '--hex'],
    ['load', '--create', file(), file('none')],
    ['put', '--create', file('no/such/store.wal'), 'key', 'value'],
  ]) {
    const { code, stdout, stderr } = await runCommand(args);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    assert.match(stderr, /\S/);
    assert.doesNotMatch(stderr, / {4}at /, 'a message, no stack');
  }
  assert.deepEqual(filesOf(dir), {});
});

test('reading a log that is not there fails and creates nothing', async (t) => {
  const { dir, file } = workspace(t);
  for (const reader of READERS) {
    const { code, stdout, stderr } = await runCommand(withLog(reader, file('none.wal')));
    assert.deepEqual([code, stdout], [2, ''], reader[0]);
    assert.ok(stderr.includes(file('none.wal')), stderr);
  }
  assert.deepEqual(filesOf(dir), {});
});

test('writing to a log that is not there needs --create', async (t) => {
  const { dir, file } = workspace(t);
  for (const args of [
    ['put', file(), 'key', 'value'],
    ['remove', file(), 'key'],
    ['load', file()],
    ['compact', file()],
    ['backup', file(), file('copy.wal')],
  ]) {
    const { code, stderr } = await runCommand(args);
    assert.equal(code, 2);
    assert.match(stderr, /there is no log/);
    assert.equal(stderr.includes('--create'), ['put', 'load'].includes(args[0]), stderr);
  }
  assert.deepEqual(filesOf(dir), {});
  await ran(['put', '--create', file(), 'key', 'value']);
  assert.equal((await ran(['get', file(), 'key'])).stdout, 'value');
});

test('reading changes no byte and adds no file', async (t) => {
  const { dir, log } = await logOf(t, { key: 'value', other: Buffer.from([255]) });
  const before = filesOf(dir);
  for (const reader of READERS) {
    await ran(withLog(reader, log));
  }
  assert.deepEqual(filesOf(dir), before);
});

test('what put wrote, get gives back byte for byte, however it is passed', async (t) => {
  const { file } = workspace(t);
  const bytes = Buffer.from([0, 255, 13, 10, 26, 0x80]);
  writeFileSync(file('value'), bytes);
  await ran(['put', '--create', file(), 'argument', 'Grüße 🌍']);
  await ran(['put', file(), 'empty', '']);
  await ran(['put', file(), 'input'], bytes);
  await ran(['put', file(), 'file', '--file', file('value')]);
  await ran(['put', file(), 'hex', '--hex', '00FF0d0a1a80']);
  await ran(['put', file(), 'base64', '--base64'], `${bytes.toString('base64')}\n`);
  await ran(['put', file(), '--', '-dash', '--hex']);
  assert.equal((await ran(['get', file(), 'argument'])).stdout, 'Grüße 🌍');
  assert.equal((await ran(['get', file(), 'empty'])).stdout, '');
  assert.equal((await ran(['get', file(), '--', '-dash'])).stdout, '--hex');
  for (const key of ['input', 'file', 'hex', 'base64']) {
    assert.deepEqual((await ran(['get', file(), key])).bytes, bytes, key);
  }
  assert.equal((await ran(['get', file(), 'hex', '--hex'])).stdout, '00ff0d0a1a80\n');
  assert.equal(
    (await ran(['get', file(), 'hex', '--base64'])).stdout,
    `${bytes.toString('base64')}\n`,
  );
  const { timestamp, ...entry } = JSON.parse((await ran(['get', file(), 'hex', '--json'])).stdout);
  assert.deepEqual(entry, { key: 'hex', base64: bytes.toString('base64'), version: 5 });
  assert.ok(Math.abs(Date.now() - timestamp) < 3_600_000);
});

test('no is exit code 1, and nothing is written', async (t) => {
  const { log } = await logOf(t, { key: 'value' });
  for (const [args, message] of [
    [['get', log, 'none'], /key not found: none/],
    [['remove', log, 'none'], /key not found: none/],
  ]) {
    const { code, stdout, stderr } = await runCommand(args);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, message);
  }
  const json = await runCommand(['get', log, 'none', '--json']);
  assert.deepEqual(JSON.parse(json.stderr), {
    error: { code: 'not_found', message: 'key not found: none' },
  });

  for (const args of [
    ['put', log, 'key', 'other', '--if-version', '7'],
    ['put', log, 'key', 'other', '--if-version', '0'],
    ['remove', log, 'key', '--if-version', '7'],
  ]) {
    assert.equal((await runCommand(args)).code, 1, args.join(' '));
  }
  assert.equal((await ran(['dump', log])).stdout.split('\n').length, 2);
  assert.equal((await ran(['get', log, 'key'])).stdout, 'value');
  // The versions go on without a gap, so none of these was recorded.
  await ran(['put', log, 'key', 'other', '--if-version', '1']);
  const removed = await ran(['remove', log, 'key', '--if-version', '2', '--json']);
  assert.deepEqual(JSON.parse(removed.stdout), { key: 'key', version: 3, deleted: true });
  assert.equal((await ran(['keys', log])).stdout, '');
});

test('a bad key or value is refused, and the log keeps what it had', async (t) => {
  const { log } = await logOf(t, { key: 'value' });
  for (const args of [
    ['put', log, '', 'value'],
    ['get', log, ''],
    ['remove', log, ''],
  ]) {
    const { code, stderr } = await runCommand(args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, /key is empty/);
  }
  assert.equal((await ran(['keys', log])).stdout, 'key\n');
});

test('keys are listed in order and by range; control characters cannot break the list', async (t) => {
  const { log } = await logOf(t, { b: '1', 'a\n\u001b[2Jx': '2', 'a:1': '3', 'a:2': '4', é: '5' });
  const keys = async (...options) =>
    (await ran(['keys', log, ...options])).stdout.split('\n').slice(0, -1);
  assert.deepEqual(await keys(), ['a\\u000a\\u001b[2Jx', 'a:1', 'a:2', 'b', 'é']);
  assert.deepEqual(await keys('--prefix', 'a:'), ['a:1', 'a:2']);
  assert.deepEqual(await keys('--gt', 'a:1', '--lte', 'b'), ['a:2', 'b']);
  assert.deepEqual(await keys('--gte', 'a:1', '--lt', 'b'), ['a:1', 'a:2']);
  assert.deepEqual(await keys('--reverse', '--limit', '2'), ['é', 'b']);
  assert.deepEqual((await keys('--json', '--limit', '1')).map(JSON.parse), ['a\n\u001b[2Jx']);
});

test('inspect and stats count what is there', async (t) => {
  const { log } = await logOf(t, { a: 'text', bin: Buffer.from([255, 0]), c: 'x'.repeat(1000) });
  const { length } = readFileSync(log);
  const stats = JSON.parse((await ran(['stats', log, '--json'])).stdout);
  assert.ok(stats.oldest > 0 && stats.oldest <= stats.newest);
  const { oldest, newest, ...figures } = stats;
  assert.deepEqual(figures, {
    log,
    logBytes: length,
    entries: 3,
    expiringEntries: 0,
    keyBytes: 5,
    valueBytes: 1006,
    largestValue: 1000,
    highestVersion: 3,
  });
  assert.match((await ran(['stats', log])).stdout, /value bytes +│ 1006 /);

  const { shown, ...summary } = JSON.parse((await ran(['inspect', log, '--json'])).stdout);
  assert.deepEqual(summary, { log, logBytes: length, entries: 3 });
  assert.deepEqual(
    shown.map(({ key, bytes, value, base64 }) => [key, bytes, value?.length, base64]),
    [
      ['a', 4, 4, undefined],
      ['bin', 2, undefined, '/wA='],
      ['c', 1000, 1000, undefined],
    ],
  );
  const table = (await ran(['inspect', log, '--prefix', 'b'])).stdout;
  assert.match(table, /│ bin │ 2 +│ \d{4}-.* │ 2 +│ 0xff00 │/);
  assert.doesNotMatch(table, /│ a /);
});

test('verify says no to a damaged log and to what is no log, and salvage saves what it can', async (t) => {
  const { dir, log, file } = await logOf(t, { key: 'value of the key' });
  assert.deepEqual(JSON.parse((await ran(['verify', log, '--json'])).stdout), {
    log,
    whole: true,
    entries: 1,
  });
  const damaged = readFileSync(log);
  damaged[damaged.indexOf('value of the key')] ^= 1;
  writeFileSync(log, damaged);
  writeFileSync(file('text'), 'no log at all');
  const before = filesOf(dir);
  for (const [path, problem] of [
    [log, /corrupted WAL record at sequence 1/],
    [file('text'), /not a store log/],
  ]) {
    const { code, stdout } = await runCommand(['verify', path, '--json']);
    assert.equal(code, 1);
    const report = JSON.parse(stdout);
    assert.equal(report.whole, false);
    assert.match(report.problem, problem);
    assert.equal((await runCommand(['dump', path])).code, 2);
    assert.equal((await runCommand(['put', path, 'a', 'b'])).code, 2);
  }
  assert.deepEqual(withoutLocks(filesOf(dir)), withoutLocks(before));

  const saved = await ran(['salvage', log, file('saved.wal'), '--json']);
  const report = JSON.parse(saved.stdout);
  assert.deepEqual([report.log, report.records], [file('saved.wal'), 0]);
  assert.match(report.problem, /frame 1 cannot be read/);
  assert.ok(readFileSync(log).equals(damaged));
  await ran(['verify', file('saved.wal')]);
  const again = await runCommand(['salvage', log, file('saved.wal')]);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /replaces no file/);
});

test('a write of the command is on stable storage when it is reported', async (t) => {
  const { file } = workspace(t);
  await ran(['put', '--create', file(), 'key', 'value']);
  const bytes = readFileSync(file());
  assert.equal(bytes[bytes.indexOf('SDFR') + 5] & 1, 1, 'the frame says that it was synced');
  const store = must(await StoreEngine.open(StoreConfig.durable(file())));
  assert.equal(store.recoveryReport().cleanShutdown, true);
  await store.close();
});
