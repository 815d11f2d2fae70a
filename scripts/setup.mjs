// What `npm start` and `npm test` need first: the packages of the lock file, and the addon.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { buildAddon } from './addon.mjs';
import { npm, root } from './run.mjs';

const lockFile = path.join(root, 'package-lock.json');
const marker = path.join(root, 'node_modules', '.installed-from');

/**
 * The marker names the lock file's content and is written last, so an interrupted install, a removed
 * folder and a changed lock file all look alike: not installed.
 */
function installPackages() {
  const wanted = createHash('sha256').update(readFileSync(lockFile)).digest('hex');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return;
  npm('installing packages', ['ci', ...quiet, '--include=dev']);
  writeFileSync(`${marker}.new`, wanted);
  renameSync(`${marker}.new`, marker);
}

const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--no-progress'];

installPackages();
if (!process.argv.includes('--packages-only')) buildAddon();
