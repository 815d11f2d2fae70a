// The builds for other platforms: each has a way to be made and a check that can fail.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import targets from '../lib/native/targets.js';
import { platforms } from '../scripts/platforms/list.mjs';
import { brokenSignature } from '../scripts/platforms/signature.mjs';
import { readReport } from '../scripts/platforms/smoke.mjs';
import { folder } from './folders.mjs';
import { root, run } from './packed.mjs';

const PAGE = 4096;

/** A library of macOS that is nothing but two pages, one of them not whole, and their signature. */
function signed() {
  const code = Buffer.alloc(PAGE + 100, 7);
  const command = [0x1d, 16, code.length, 0];
  code.writeUInt32LE(1, 16);
  for (const [index, word] of command.entries()) code.writeUInt32LE(word, 32 + 4 * index);
  const hashes = [code.subarray(0, PAGE), code.subarray(PAGE)].map((page) =>
    createHash('sha256').update(page).digest(),
  );
  const blobs = Buffer.alloc(20);
  for (const [index, word] of [0xfade0cc0, 20, 1, 0, 20].entries())
    blobs.writeUInt32BE(word, 4 * index);
  const directory = Buffer.alloc(44);
  directory.writeUInt32BE(0xfade0c02, 0);
  directory.writeUInt32BE(directory.length, 16);
  directory.writeUInt32BE(2, 28);
  directory.writeUInt32BE(code.length, 32);
  directory.set([32, 2, 0, 12], 36);
  return Buffer.concat([code, blobs, directory, ...hashes]);
}

test('every platform that has a package can be built on Linux', () => {
  for (const { name, link, format } of platforms) {
    assert.ok(['build', 'zigbuild'].includes(link) && format, name);
  }
  assert.equal(platforms.length, targets.TARGETS.length);
  const running = platforms.filter(({ runner }) => runner).map(({ name }) => name);
  const expected = ['linux-arm64-gnu', 'linux-x64-gnu', 'linux-x64-musl', 'win32-x64'];
  assert.deepEqual(running.sort(), expected);
});

test('a library of macOS that was changed after it was signed is found', () => {
  assert.equal(brokenSignature(signed()), undefined);
  for (const at of [100, PAGE + 99]) {
    const changed = signed();
    changed[at] ^= 1;
    const page = at < PAGE ? 0 : 1;
    assert.equal(brokenSignature(changed), `was changed after it was signed, in page ${page}`);
  }
  const other = signed();
  other.writeUInt32LE(0x1e, 32);
  assert.equal(brokenSignature(other), 'is not signed');
});

test('the documentation promises the macOS that releases are built for', () => {
  const installing = readFileSync(path.join(root, 'docs', 'installing.md'), 'utf8');
  const [, promised] = /\| macOS \|[^|]+\| macOS ([\d.]+) or newer \|/.exec(installing);
  assert.equal(`${promised}.0`, targets.OLDEST_MACOS);
});

test('what an emulator lacks is listed with its cause, and excuses no other failure', () => {
  const report = path.join(folder(), 'report');
  const { lacks } = platforms.find(({ name }) => name === 'win32-x64');
  const read = (line) => {
    writeFileSync(report, `ok opens\nnot ok ${line}\n`);
    return readReport(report, lacks);
  };
  const known = read('compacts: SoftadastraError: permission denied: Z:\\a\\smoke.wal');
  assert.deepEqual([known.passed, known.bad.length, known.skipped.length], [1, 0, 1]);
  assert.match(known.skipped[0], /^compacts: wine /);
  for (const line of ['compacts: AssertionError: it is smaller', 'opens: permission denied']) {
    const { bad, skipped } = read(line);
    assert.deepEqual([bad, skipped], [[`not ok ${line}`], []]);
  }
});

test('what is run on other platforms passes on this one', () => {
  const [place, program] = [folder(), path.join(root, 'scripts', 'platforms', 'smoke', 'main.mjs')];
  const report = path.join(place, 'report');
  const { status, stderr } = run(process.execPath, [program, place, report], { cwd: root });
  assert.equal(readFileSync(report, 'utf8').match(/^ok /gm)?.length, 6, stderr);
  assert.equal(status, 0);
});
