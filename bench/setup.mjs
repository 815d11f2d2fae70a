// What only the benchmark needs: the peers of the lock file beside this one, the bare loop, the engine in classes of
// napi-rs, and the store in the files of a release, which load sooner than those of a checkout.

import { cpSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { addonFile } from '../scripts/addon.mjs';
import { bundle } from '../scripts/bundle.mjs';
import { installPackages } from '../scripts/install.mjs';
import { root, say, step } from '../scripts/run.mjs';
import { bench } from './run/folders.mjs';

const title = 'installing the peers (one may be compiled, for some minutes)';
// A peer that was compiled for one version of Node.js may not load in another.
installPackages(bench, title, process.version);
// In its own folder also where CARGO_TARGET_DIR names another.
const intoOwnFolder = ['build', '--release', '--quiet', '--locked', '--target-dir', 'target'];
for (const [what, folder] of [
  ['the bare loop', 'bare-loop'],
  ['the engine in classes of napi-rs', 'napi-classes'],
]) {
  step(`building ${what}`, 'cargo', intoOwnFolder, { cwd: path.join(bench, folder) });
}

say('bundling the store');
const release = path.join(bench, 'release');
rmSync(release, { recursive: true, force: true });
await bundle(release);
mkdirSync(path.join(release, 'npm'));
cpSync(addonFile(), path.join(release, 'npm', path.basename(addonFile())));
cpSync(path.join(root, 'index.d.mts'), path.join(release, 'index.d.mts'));
