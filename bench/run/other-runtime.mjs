// The benchmark on another runtime than the one at hand.

import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { program } from '../../scripts/runtime-program.mjs';
import { runtimes } from '../../scripts/runtimes-list.mjs';

const INSIDE = 'SOFTADASTRA_BENCH_ON';

/** Runs this program again there, unless this is that run already. */
export function runOn(name) {
  if (name === undefined || process.env[INSIDE] === name) return false;
  const nodes = Object.keys(runtimes).filter((one) => one.startsWith('node'));
  if (!nodes.includes(name)) throw new Error(`--on must be one of ${nodes.join(', ')}`);
  const env = { ...process.env, [INSIDE]: name };
  const { status } = spawnSync(program(name), process.argv.slice(1), { stdio: 'inherit', env });
  process.exitCode = status ?? 1;
  return true;
}
