// Runs a program of Node.js with the addon of a platform, as that platform would.

import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { root } from '../run.mjs';
import { addonOf } from './build.mjs';
import { inside } from './enter.mjs';
import { nodeOf } from './nodes.mjs';

/** Gives what `spawnSync` gives. */
export function runNode(platform, script, args, options) {
  const program = nodeOf(platform);
  const own = { NO_COLOR: '1', SOFTADASTRA_STORE_NATIVE: addonOf(platform) };
  if (platform.runner === 'qemu') {
    return inside(program, [script, ...args], { ...options, env: { ...own, QEMU: '1' } });
  }
  const env = { ...process.env, ...own };
  return spawnSync(program, [script, ...args], { cwd: root, ...options, env });
}
