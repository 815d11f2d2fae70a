// Builds the addon of a platform from the checkout, with the toolchain.

import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import targets from '../../lib/native/targets.js';
import { builtLibrary } from '../addon.mjs';
import { fail, root, say } from '../run.mjs';
import { inside } from './enter.mjs';
import { again } from './fetched.mjs';
import { systemFolder } from './systems.mjs';

/** Where the addons and all that cargo makes go. */
export const output = path.join(root, 'target', 'platforms');
export const addonOf = ({ name }) => path.join(output, targets.fileName(name));

/** As published, or as fast as possible: for a look at whether it works at all. */
const quick = {
  CARGO_PROFILE_RELEASE_LTO: 'off',
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
  CARGO_PROFILE_RELEASE_OPT_LEVEL: '1',
};

/** napi-build wants the library of Node.js on Windows, which the addon does not use: it looks its functions up. */
const noLibrary = '/opt/no-node';

function writeNoLibrary() {
  const folder = path.join(systemFolder('build'), noLibrary);
  mkdirSync(folder, { recursive: true });
  for (const name of ['libnode.a', 'libnode.dll.a', 'node.lib']) {
    writeFileSync(path.join(folder, name), '!<arch>\n');
  }
  writeFileSync(path.join(folder, 'libnode.dll'), '');
}

const triple = (platform) => platform.triple + (platform.suffix ?? '');

export function environment(platform, isQuick) {
  return {
    CARGO_TARGET_DIR: path.join(output, 'cargo'),
    LIBNODE_PATH: noLibrary,
    MACOSX_DEPLOYMENT_TARGET: targets.OLDEST_MACOS,
    ...(isQuick && quick),
    ...platform.env,
  };
}

/** Before the build, so that what a registry refuses is tried again, and is not taken for a fault of the code. */
function fetchCrates(platform, env) {
  const args = ['fetch', '--quiet', '--locked'];
  const library = ['--manifest-path', '/usr/lib/rustlib/src/rust/library/Cargo.toml'];
  for (const which of [['--target', platform.triple], ...(platform.args ? [library] : [])]) {
    const options = { env, encoding: 'utf8' };
    again('fetching crates', () => inside('cargo', [...args, ...which], options));
  }
}

/** Gives how many seconds it took. */
export function buildPlatform(platform, { isQuick = false } = {}) {
  say(`building ${platform.name}`);
  writeNoLibrary();
  const env = environment(platform, isQuick);
  fetchCrates(platform, env);
  const what = ['--release', '--features', 'napi', '--lib', '--locked', '--quiet'];
  const args = [platform.link, ...what, ...(platform.args ?? []), '--target', triple(platform)];
  const began = Date.now();
  const done = inside('cargo', [...args, '--message-format=json-render-diagnostics'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (done.status !== 0) fail(`building ${platform.name}: exit code ${done.status}`);
  const built = builtLibrary(done.stdout);
  if (!built) fail(`building ${platform.name}: cargo named no shared library`);
  copyFileSync(built, addonOf(platform));
  return Math.round((Date.now() - began) / 1000);
}
