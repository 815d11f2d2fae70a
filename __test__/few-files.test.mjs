// A process that may open no more files: a call that needs some fails before it has changed anything, and works later.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { test } from 'node:test';
import { childFile, workspace } from './helpers.mjs';

const skip = process.platform !== 'linux' && 'prlimit is of Linux';

/** What a call may leave when it fails: all that was there before, and lock files. */
const left = (names) => names.filter((name) => !/\.(?:lock|durable)$/.test(name)).sort();

for (const [call, before] of [
  ['compact', ['store.wal']],
  ['backup', ['store.wal']],
  ['recover', ['store.wal']],
  ['open', ['store.wal']],
  ['salvage', ['old.wal', 'store.wal']],
]) {
  test(`with few files left ${call} fails without a trace or is done`, { skip }, (t) => {
    const outcomes = [];
    for (let free = 0; outcomes.at(-1) !== true; free += 1) {
      assert.ok(free < 12, 'it never had enough');
      const { dir } = workspace(t);
      const args = ['--nofile=60', process.execPath, childFile('few-files.mjs'), dir, free, call];
      const child = spawnSync('prlimit', args.map(String), { encoding: 'utf8' });
      assert.deepEqual([child.status, child.stderr], [0, ''], `${free} free`);
      const { ok, message, during, poisoned, again, names } = JSON.parse(child.stdout);
      assert.deepEqual([during, poisoned, again], [true, false, true], `${free} free: ${message}`);
      if (!ok) {
        assert.match(message, /[Tt]oo many open files|[Nn]o file descriptors available/);
        assert.deepEqual(left(names), before, `${free} free: ${message}`);
      }
      outcomes.push(ok);
    }
    assert.ok(outcomes.length > 1, 'it needed some');
    t.diagnostic(`${outcomes.length - 1} files`);
  });
}
