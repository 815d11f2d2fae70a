// Writes the package of each platform: the built addon, and a manifest that lets no other platform install it.

import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import targets from '../lib/native/targets.js';
import { addonFile } from './addon.mjs';
import { neededGlibc, newer } from './glibc.mjs';
import { root } from './run.mjs';
import { billOfMaterials } from './sbom.mjs';

export const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const BILL = 'sbom.cdx.json';
const CHECKSUMS = 'SHA256SUMS';
export const licences = ['LICENSE-MIT', 'LICENSE-APACHE'];

/** The platforms whose addon is in a folder. */
export function builtTargets(addons) {
  return targets.TARGETS.filter(({ name }) => existsSync(addonFile(name, addons)));
}

/** What every package of a release says alike. npm wants the repository for its provenance; only the publisher knows it. */
export function common() {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = process.env;
  const repository = server && name && { type: 'git', url: `git+${server}/${name}.git` };
  return { ...(repository && { repository }), publishConfig: { access: 'public' } };
}

export function platformManifest({ name, os, cpu, libc }) {
  const { version, license, engines } = manifest;
  return {
    name: targets.packageName(name),
    version,
    description: `The native module of ${manifest.name} for ${name}`,
    license,
    ...common(),
    engines,
    os: [os],
    cpu: [cpu],
    ...(libc && { libc: [libc] }),
    type: 'commonjs',
    main: targets.fileName(name),
    files: [targets.fileName(name), BILL, CHECKSUMS, ...licences],
    // A file inside an archive cannot be loaded.
    preferUnplugged: true,
  };
}

function readme({ name, libc }, addon) {
  const glibc = newer(neededGlibc(addon) ?? '', targets.OLDEST_GLIBC);
  const needs = libc === 'glibc' ? `, with glibc ${glibc} or newer` : '';
  return [
    `# ${targets.packageName(name)}`,
    '',
    `The native module of \`${manifest.name}\` for ${name}${needs}. That package installs it and loads it; on its own it`,
    'is of no use.',
    '',
    'MIT or Apache-2.0, as you prefer.',
    '',
  ].join('\n');
}

export function writeJson(file, value) {
  writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`);
}

/** As `sha256sum --check` reads them. */
function checksums(folder, names) {
  const line = (name) => {
    const bytes = readFileSync(path.join(folder, name));
    return `${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`;
  };
  return names.map(line).join('');
}

/** Gives the folder of the package. */
export function writePlatformPackage(to, target, addons) {
  const folder = path.join(to, target.name);
  mkdirSync(folder, { recursive: true });
  const addon = readFileSync(addonFile(target.name, addons));
  writeFileSync(path.join(folder, targets.fileName(target.name)), addon);
  for (const name of licences) cpSync(path.join(root, name), path.join(folder, name));
  writeFileSync(path.join(folder, 'README.md'), readme(target, addon));
  const own = platformManifest(target);
  writeJson(path.join(folder, 'package.json'), own);
  writeJson(path.join(folder, BILL), billOfMaterials(target.os, own));
  const summed = [targets.fileName(target.name), BILL, ...licences];
  writeFileSync(path.join(folder, CHECKSUMS), checksums(folder, summed));
  return folder;
}
