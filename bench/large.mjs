// Many more entries than memory may hold: a hundred million in a store that may keep 512 MiB. About 16 GB of disk and
// half an hour; `--entries N` and `--limit MIB` make it smaller or larger.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { openFolders } from './run/folders.mjs';

const self = fileURLToPath(new URL('large-child.mjs', import.meta.url));
const MIB = 2 ** 20;
const number = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });

const { values } = parseArgs({
  options: {
    entries: { type: 'string', default: '100000000' },
    limit: { type: 'string', default: '512' },
  },
});
const [entries, limit] = [Number(values.entries), Number(values.limit) * MIB];
if (!Number.isSafeInteger(entries) || entries < 1000 || !(limit > 0)) {
  throw new Error('--entries must be a whole number of 1,000 or more, --limit a number of MiB');
}

/** What a process of its own has found; it is killed as soon as it says so where `kill` is set. */
async function inChild(step, folder, kill) {
  const child = fork(self, [JSON.stringify({ step, folder, entries, limit })]);
  const found = {};
  child.on('message', ({ progress, ...more }) => {
    if (progress !== undefined) return process.stderr.write(`\r${step}: ${progress}%  `);
    Object.assign(found, more);
    if (kill) child.kill('SIGKILL');
    return undefined;
  });
  const [code, signal] = await once(child, 'exit');
  process.stderr.write('\r\u001b[K');
  if (code !== 0 && !(kill && signal === 'SIGKILL')) throw new Error(`${step}: ${signal ?? code}`);
  return found;
}

const table = new Table({
  head: ['', 'figure', 'must', 'aim'],
  colAligns: ['left', 'right', 'right', 'right'],
  style: { head: [], border: [] },
});
const row = (title, value, unit, must = '', aim = '') =>
  table.push([title, `${number.format(value)} ${unit}`, must, aim]);

const place = openFolders().kept('large');
const filled = await inChild('fill', place);
row('written durably, batches of 10,000', filled.rate, 'entries a second');
row('log', filled.logBytes / 1e9, 'GB');
row('index file, an entry', filled.indexBytes / entries, 'bytes', '24', '16');
row('memory while writing, at most', filled.memory / MIB, 'MiB');
row('close', filled.close, 'ms');
for (const [state, kill] of [
  ['closed', false],
  ['killed', true],
]) {
  if (kill) await inChild('write until killed', place, kill);
  const used = await inChild('use', place);
  row(`${state}: open, first read`, used.open, 'ms', ...(kill ? [] : ['30 ms', '10 ms']));
  row(`${state}: memory after that`, used.openMemory / MIB, 'MiB');
  row(`${state}: get, random keys`, used.get, 'µs');
  row(`${state}: ordered scan, per entry`, used.scan, 'µs');
  row(`${state}: durable puts, 1,000 outstanding`, used.puts, 'per second');
  row(`${state}: memory, at most`, used.memory / MIB, 'MiB', '900 MiB', '640 MiB');
}
process.stdout.write(
  `${number.format(entries)} entries, a limit of ${limit / MIB} MiB\n${table}\n`,
);
process.stdout.write(`The files were in ${path.relative(process.cwd(), place)} and are gone.\n`);
