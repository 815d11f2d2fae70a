// Lets a test hold or fail the syncs of a child process.

import { execFileSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { childFile } from './helpers.mjs';

/** Why there is no gate here, or false when there is one. */
export const noGate = process.platform === 'linux' ? false : 'preloading is done on Linux only';

/**
 * The environment for a child whose syncs of files with `name` in their path wait while `shut` exists, and fail while
 * `fail` exists. The library is compiled with the C compiler that Rust links with.
 */
export function gate(dir, name) {
  const library = path.join(dir, 'gate.so');
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, childFile('gate.c'), '-ldl']);
  const shut = path.join(dir, 'gate-shut');
  const fail = path.join(dir, 'gate-fail');
  const env = { LD_PRELOAD: library, GATE_NAME: name, GATE_SHUT: shut, GATE_FAIL: fail };
  return { shut, fail, env: { ...process.env, ...env } };
}
