// What only the benchmark needs: the peers of the lock file beside this one, and the bare loop.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { step } from '../scripts/run.mjs';
import { bench } from './run/folders.mjs';

const marker = path.join(bench, 'node_modules', '.installed-from');

function installPeers() {
  const lock = readFileSync(path.join(bench, 'package-lock.json'));
  // A peer that was compiled for one version of Node.js may not load in another.
  const wanted = createHash('sha256').update(lock).update(process.version).digest('hex');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return;
  const self = process.env.npm_execpath;
  const npm = self?.includes('npm-cli') ? [process.execPath, [self], false] : ['npm', [], true];
  const [command, first, shell] = npm;
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--no-progress'];
  const title = 'installing the peers (one may be compiled, for some minutes)';
  step(title, command, [...first, 'ci', ...quiet], { cwd: bench, shell });
  writeFileSync(marker, wanted);
}

installPeers();
// In its own folder also where CARGO_TARGET_DIR names another.
const intoOwnFolder = ['build', '--release', '--quiet', '--locked', '--target-dir', 'target'];
step('building the bare loop', 'cargo', intoOwnFolder, { cwd: path.join(bench, 'bare-loop') });
