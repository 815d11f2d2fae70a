// Installs the packages of a lock file, when they are not there.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { npm } from './run.mjs';

const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--no-progress'];

/**
 * The marker names the lock file's content and is written last, so an interrupted install, a removed
 * folder and a changed lock file all look alike: not installed. `also` is whatever else it depends on.
 */
export function installPackages(folder, title = 'installing packages', also = '') {
  const marker = path.join(folder, 'node_modules', '.installed-from');
  const lock = readFileSync(path.join(folder, 'package-lock.json'));
  const wanted = createHash('sha256').update(lock).update(also).digest('hex');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return;
  npm(title, ['ci', ...quiet, '--include=dev'], { cwd: folder });
  writeFileSync(`${marker}.new`, wanted);
  renameSync(`${marker}.new`, marker);
}
