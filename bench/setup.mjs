// What only the benchmark needs: the peers of the lock file beside this one, and the bare loop.

import path from 'node:path';
import process from 'node:process';
import { installPackages } from '../scripts/install.mjs';
import { step } from '../scripts/run.mjs';
import { bench } from './run/folders.mjs';

const title = 'installing the peers (one may be compiled, for some minutes)';
// A peer that was compiled for one version of Node.js may not load in another.
installPackages(bench, title, process.version);
// In its own folder also where CARGO_TARGET_DIR names another.
const intoOwnFolder = ['build', '--release', '--quiet', '--locked', '--target-dir', 'target'];
step('building the bare loop', 'cargo', intoOwnFolder, { cwd: path.join(bench, 'bare-loop') });
