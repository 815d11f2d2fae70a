// Makes the tarballs that are published: the package, and one for each platform whose addon is in npm/, or in --from.
//
// The manifest in the checkout does not name the packages of the platforms: before a release they are in no registry, and
// every `npm ci` would look for them. They are written into a copy, and the copy is packed. Scripts of npm that change
// the manifest for a while would not do: npm reads it again after them, and publishes what it says then. The copy has the
// JavaScript in one file for each entry point.

import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import targets from '../lib/native/targets.js';
import { addonFile, addons } from './addon.mjs';
import { bundle, isBundled, onlyInReleases } from './bundle.mjs';
import { refuseNewerGlibc } from './glibc.mjs';
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
    from: { type: 'string', default: addons },
    to: { type: 'string', default: path.join(root, 'npm', 'packages') },
  },
});
const from = path.resolve(values.from);
const to = path.resolve(values.to);

/** The files of the package as npm itself chooses them, without the addon of this machine and what is in the bundles. */
function packedFiles() {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'];
  const options = { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' };
  const [{ files }] = JSON.parse(npm('choosing files', args, options).stdout);
  return files
    .map(({ path: file }) => file)
    .filter((file) => !file.endsWith('.node') && !isBundled(file));
}

function mainManifest() {
  const { devDependencies: _, scripts: __, ...rest } = manifest;
  const names = targets.TARGETS.map(({ name }) => targets.packageName(name));
  return {
    ...rest,
    ...common(),
    files: [...rest.files.filter((pattern) => !pattern.endsWith('.node')), ...onlyInReleases],
    optionalDependencies: Object.fromEntries(names.map((name) => [name, manifest.version])),
  };
}

async function writeMainPackage() {
  const folder = path.join(to, 'store');
  for (const file of packedFiles()) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    cpSync(path.join(root, file), path.join(folder, file));
  }
  await bundle(folder);
  writeJson(path.join(folder, 'package.json'), mainManifest());
  return folder;
}

const built = builtTargets(from);
const left = targets.TARGETS.filter((target) => !built.includes(target));
if (values.all && left.length > 0) {
  fail(`no addon for ${left.map(({ name }) => name).join(', ')}`);
}
if (values.all) {
  for (const { name } of built) refuseNewerGlibc(name, readFileSync(addonFile(name, from)));
}
rmSync(to, { recursive: true, force: true });
const folders = [
  ...built.map((target) => writePlatformPackage(to, target, from)),
  await writeMainPackage(),
];
for (const folder of folders) {
  const args = ['pack', '--loglevel=error', '--pack-destination', to];
  npm(`packing ${path.basename(folder)}`, args, { cwd: folder });
}
say(`packed into ${to}`);
