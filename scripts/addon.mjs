// Builds the Node.js addon and puts it where lib/native/addon.js and scripts/pack.mjs look for it.

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import platform from '../lib/native/platform.js';
import targets from '../lib/native/targets.js';
import { refuseNewerGlibc } from './glibc.mjs';
import { fail, root, step } from './run.mjs';

const library = /(?:^lib)?softadastra_store\.(?:so|dylib|dll)$/;

/** Where the addons are. */
export const addons = path.join(root, 'npm');

/** Where the addon of a platform is, this one's unless another is named. */
export function addonFile(name = platform.targetName(), folder = addons) {
  return path.join(folder, targets.fileName(name));
}

/** Asks cargo itself which file it made: that is right with any target folder or target triple. */
export function builtLibrary(messages) {
  const files = messages
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter((message) => message.reason === 'compiler-artifact')
    .flatMap((message) => message.filenames);
  return files.find((file) => library.test(path.basename(file)));
}

/**
 * With zig as the linker the file runs on every Linux with that C library or a newer one, wherever it was built; without
 * it, on those that are not older than this machine.
 */
function cargoFor(name) {
  if (name === undefined) return ['build'];
  const target = targets.TARGETS.find((one) => one.name === name);
  if (!target)
    fail(`no target ${name}: there are ${targets.TARGETS.map((one) => one.name).join(', ')}`);
  const { os, libc, triple } = target;
  if (os !== 'linux') return ['build', '--target', triple];
  const glibc = libc === 'glibc' ? `.${targets.OLDEST_GLIBC}` : '';
  return ['zigbuild', '--target', `${triple}${glibc}`];
}

/** Builds for this machine, or for the target that is named, to be given to others. */
export function buildAddon(name) {
  const args = [...cargoFor(name), '--release', '--features', 'napi', '--lib', '--quiet'];
  const { stdout } = step(
    'building the addon',
    'cargo',
    [...args, '--message-format=json-render-diagnostics'],
    { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  const built = builtLibrary(stdout);
  if (!built) fail('building the addon: cargo named no shared library');
  const bytes = readFileSync(built);
  if (name !== undefined) refuseNewerGlibc(name, bytes);
  install(bytes, addonFile(name));
}

/** A process that has the old addon loaded keeps it: the new file replaces the name, not the bytes. */
function install(bytes, file) {
  if (existsSync(file) && readFileSync(file).equals(bytes)) return;
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, bytes);
  renameSync(temporary, file);
}
