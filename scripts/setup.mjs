// What `npm start` and `npm test` need first: the packages of the lock file, and the addon.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { buildAddon } from './addon.mjs';
import { root, step } from './run.mjs';

const lockFile = path.join(root, 'package-lock.json');
const marker = path.join(root, 'node_modules', '.installed-from');

/**
 * The marker names the lock file's content and is written last, so an interrupted install, a removed
 * folder and a changed lock file all look alike: not installed.
 */
function installPackages() {
  const wanted = createHash('sha256').update(readFileSync(lockFile)).digest('hex');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return;
  const [command, first, shell] = npm();
  step('installing packages', command, [...first, 'ci', ...quiet, '--include=dev'], { shell });
  writeFileSync(`${marker}.new`, wanted);
  renameSync(`${marker}.new`, marker);
}

const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--no-progress'];

/** npm tells its own path to the scripts it runs; without it only a shell finds npm on Windows. */
function npm() {
  const self = process.env.npm_execpath;
  if (self && path.basename(self).startsWith('npm-cli')) return [process.execPath, [self], false];
  return ['npm', [], process.platform === 'win32'];
}

installPackages();
if (!process.argv.includes('--packages-only')) buildAddon();
