// Small C libraries that change what the disk does to a child process.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/**
 * Compiles `native/<name>.c` with the compiler that Rust links with, and gives the environment that loads it before the
 * C library. Gives nothing where that cannot be done, and tells the test why.
 */
export function preloaded(t, work, name, variables) {
  if (process.platform !== 'linux') return t.skip('libraries are preloaded in this way on Linux');
  const source = fileURLToPath(new URL(`./native/${name}.c`, import.meta.url));
  const library = work.file(`${name}.so`);
  const args = ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'];
  const made = spawnSync('cc', args, { encoding: 'utf8' });
  if (made.error) return t.skip(`no C compiler: ${made.error.message}`);
  assert.equal(made.status, 0, made.stderr);
  return { ...process.env, LD_PRELOAD: library, ...variables };
}
