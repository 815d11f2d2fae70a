// Makes the tarballs that are published: the package, and one for each platform whose addon is in npm/.
//
// The manifest in the checkout does not name the packages of the platforms: before a release they are in no registry, and
// every `npm ci` would look for them. They are written into a copy, and the copy is packed. Scripts of npm that change
// the manifest for a while would not do: npm reads it again after them, and publishes what it says then.

import { cpSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import targets from '../lib/native/targets.js';
import {
  builtTargets,
  common,
  manifest,
  writeJson,
  writePlatformPackage,
} from './platform-packages.mjs';
import { fail, npm, root, say } from './run.mjs';

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    to: { type: 'string', default: path.join(root, 'npm', 'packages') },
  },
});
const to = path.resolve(values.to);

/** The files of the package as npm itself chooses them, without the addon of this machine. */
function packedFiles() {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'];
  const options = { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' };
  const [{ files }] = JSON.parse(npm('choosing files', args, options).stdout);
  return files.map((file) => file.path).filter((file) => !file.endsWith('.node'));
}

function mainManifest() {
  const { devDependencies: _, scripts: __, ...rest } = manifest;
  const names = targets.TARGETS.map(({ name }) => targets.packageName(name));
  return {
    ...rest,
    ...common(),
    files: rest.files.filter((pattern) => !pattern.endsWith('.node')),
    optionalDependencies: Object.fromEntries(names.map((name) => [name, manifest.version])),
  };
}

function writeMainPackage() {
  const folder = path.join(to, 'store');
  for (const file of packedFiles()) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    cpSync(path.join(root, file), path.join(folder, file));
  }
  writeJson(path.join(folder, 'package.json'), mainManifest());
  return folder;
}

const built = builtTargets();
const left = targets.TARGETS.filter((target) => !built.includes(target));
if (values.all && left.length > 0) {
  fail(`no addon for ${left.map(({ name }) => name).join(', ')}`);
}
rmSync(to, { recursive: true, force: true });
const folders = [...built.map((target) => writePlatformPackage(to, target)), writeMainPackage()];
for (const folder of folders) {
  const args = ['pack', '--loglevel=error', '--pack-destination', to];
  npm(`packing ${path.basename(folder)}`, args, { cwd: folder });
}
say(`packed into ${to}`);
