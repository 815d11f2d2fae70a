// Runs the compliance suite that abstract-level ships, in a folder of its own. The last line says what it gave.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { SoftadastraLevel } from '@softadastra/store/abstract-level';
import suite from 'abstract-level/test/index.js';
import tape from 'tape';

const dir = mkdtempSync(path.join(tmpdir(), 'softadastra-level-'));
const counts = { tests: 0, skipped: 0, assertions: 0, failed: 0 };
let made = 0;

tape.createStream({ objectMode: true }).on('data', (row) => {
  if (row.type === 'test') {
    counts.tests += 1;
    counts.skipped += row.skip ? 1 : 0;
  } else if (row.type === 'assert') {
    counts.assertions += 1;
    if (!row.ok) {
      counts.failed += 1;
      console.log(`not ok: ${row.name}\n${row.error?.stack ?? ''}`);
    }
  }
});

tape.onFinish(() => {
  rmSync(dir, { recursive: true, force: true });
  const { tests, skipped, assertions, failed } = counts;
  console.log(
    `abstract-level: ${tests} tests (${skipped} skipped), ${assertions} assertions, ${failed} failed`,
  );
});

process.on('exit', (code) => {
  if (code === 0 && (counts.tests === 0 || counts.failed > 0)) {
    process.exitCode = 1;
  }
});

suite({
  test: tape,
  factory(options) {
    made += 1;
    return new SoftadastraLevel(path.join(dir, `${made}.wal`), options);
  },
});
