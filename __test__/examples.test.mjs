// The documented programs run as they are, print what the documentation says, and leave nothing behind.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { collect, workspace } from './helpers.mjs';

const folder = fileURLToPath(new URL('../examples/', import.meta.url));

const OUTPUT = {
  '1-memory-only.mjs': [
    '== STORE MEMORY ONLY EXAMPLE ==',
    'Created=true version=1',
    'session:1 => temporary-value',
  ],
  '2-basic-store.mjs': [
    '== STORE BASIC EXAMPLE ==',
    'Put version=1',
    'Entry key=user:1 value=Gaspard version=1',
    'Removed=true',
  ],
  '3-wal-usage.mjs': [
    '== STORE WAL USAGE EXAMPLE ==',
    'Current store size: 2',
    'product:1 => Laptop Pro version=3',
    'product:2 => Phone version=2',
  ],
  '4-operation-codec.mjs': [
    '== STORE OPERATION CODEC EXAMPLE ==',
    'Decoded operation type=put key=user:1 value=Gaspard',
  ],
  '5-recovery.mjs': [
    '== STORE RECOVERY DEMO ==',
    'Before restart size: 2',
    'After recovery size: 2',
    'Recovered user:1 => Gaspard Kirira version=3',
    'Last recovered sequence: 3',
  ],
  '6-snapshot-from-wal.mjs': [
    '== STORE SNAPSHOT FROM WAL EXAMPLE ==',
    'Snapshot size: 2',
    'item:1 => alpha-updated',
    'item:2 => beta',
  ],
  'sdk-1-local.mjs': ['key   : app/name', 'value : Softadastra SDK', 'size  : 1'],
  'sdk-2-persistent.mjs': [
    'key          : settings/theme',
    'value        : dark',
    'wal path     : data/sdk-persistent-store.wal',
    'store size   : 1',
  ],
  'sdk-3-restart.mjs': ['first run value written', 'recovered value: Softadastra'],
  'sdk-4-remove.mjs': [
    'before remove',
    '  contains : yes',
    'after remove',
    '  contains : no',
    'read result: not_found',
  ],
  'sdk-5-errors.mjs': ['value: Softadastra', 'missing key handled: not_found'],
  'cluster/main.mjs': [
    '== STORE CLUSTER EXAMPLE ==',
    'Processes killed and started again: 5',
    'Readers had all that was acknowledged: true',
    'Readers had whole batches only: true',
    'Readers agree at the end: true',
  ],
  'utilities/main.mjs': [
    '== STORE UTILITIES EXAMPLE ==',
    'settings/done=true settings/theme=dark (as in the main process: true)',
    'windows/1={"x":10,"y":20} windows/done=true (as in the main process: true)',
  ],
};

async function run(name, cwd) {
  const child = spawn(process.execPath, [path.join(folder, name)], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collect(child);
  const [code] = await once(child, 'close');
  return { code, ...output };
}

test('every example has its output written down here', () => {
  const names = readdirSync(folder).filter((name) => name.endsWith('.mjs'));
  const files = Object.keys(OUTPUT).filter((name) => !name.includes('/'));
  assert.deepEqual(names.sort(), files.sort());
});

for (const [name, lines] of Object.entries(OUTPUT)) {
  test(`${name} prints what it should, twice in a row`, async (t) => {
    const { dir } = workspace(t);
    for (let round = 0; round < 2; round += 1) {
      const { code, stdout, stderr } = await run(name, dir);
      assert.equal(stderr, '');
      assert.equal(stdout, `${lines.join('\n')}\n`);
      assert.equal(code, 0);
      assert.deepEqual(readdirSync(dir), []);
    }
  });
}

test('an example leaves other files of the data folder alone', async (t) => {
  const { dir, file } = workspace(t);
  mkdirSync(file('data'));
  writeFileSync(file('data/mine.txt'), 'mine');
  const { code } = await run('2-basic-store.mjs', dir);
  assert.equal(code, 0);
  assert.deepEqual(readdirSync(file('data')), ['mine.txt']);
});
