// However a process or a thread ends with writes in flight: no crash, no hang, and what was acknowledged is there.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { childFile, collect, must, workspace } from './helpers.mjs';

/** Ends a process in some way; gives how it ended and what it had acknowledged. */
async function endIn(way, file) {
  const child = spawn(process.execPath, [childFile('exits.mjs'), file, way]);
  const output = collect(child);
  const [code, signal] = await once(child, 'close');
  const keys = readFileSync(`${file}.acknowledged`, 'utf8').split('\n').slice(0, -1);
  return { code, signal, keys, stderr: output.stderr };
}

for (const [way, code, said] of [
  ['exit', 0, /^$/],
  ['throw', 1, /on purpose/],
  ['reject', 1, /on purpose/],
  ['terminate', 0, /^$/],
  ['return', 0, /^$/],
]) {
  test(`ending by ${way} with writes in flight loses nothing that was acknowledged`, async (t) => {
    const work = workspace(t);
    for (let round = 0; round < 5; round += 1) {
      const name = `store-${round}.wal`;
      const ended = await endIn(way, work.file(name));
      assert.deepEqual([ended.code, ended.signal], [code, null], ended.stderr);
      assert.match(ended.stderr, said);
      // At the end of the event loop nothing is left unsettled: pending writes keep the process.
      if (way === 'return') assert.equal(ended.keys.length, 2000);
      const store = await work.open(name);
      for (const key of ended.keys) {
        assert.equal(store.getString(key), `value ${key.slice(1)}`, key);
      }
      must(await store.close());
    }
  });
}
