// Runs a program of Node.js with the addon of a platform, as that platform would.

import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { root } from '../run.mjs';
import { addonOf } from './build.mjs';
import { inside } from './enter.mjs';
import { nodeOf } from './nodes.mjs';
import { installSystem } from './toolchain.mjs';
import { drive, runInWine } from './wine.mjs';

/** How each kind of platform starts its Node.js. Gives what `spawnSync` gives. */
const runners = {
  here: (program, args, { env, ...options }) =>
    spawnSync(program, args, { cwd: root, ...options, env: { ...process.env, ...env } }),
  qemu: (program, args, { env, ...options }) =>
    inside(program, args, { ...options, env: { ...env, QEMU: '1' } }),
  musl(program, args, options) {
    installSystem('musl');
    return inside(program, args, { ...options, system: 'musl' });
  },
  wine: runInWine,
};

/** Runs a script; `files` are given to it as its arguments, by the names that the platform has for them. */
export function runNode(platform, script, files, options) {
  const named = (file) => (platform.os === 'win32' ? drive(file) : file);
  const env = { NO_COLOR: '1', SOFTADASTRA_STORE_NATIVE: named(addonOf(platform)) };
  const run = runners[platform.runner];
  return run(nodeOf(platform), [script, ...files].map(named), { ...options, env });
}
