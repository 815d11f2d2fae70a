// Publishes what scripts/pack.mjs made. The package goes last: whoever can see it can install it on every platform.
// A run that stopped in the middle is started again: what the registry has in this version is left alone.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import targets from '../lib/native/targets.js';
import { manifest } from './platform-packages.mjs';
import { npm, npmCommand, root, say } from './run.mjs';

const { values } = parseArgs({
  options: { from: { type: 'string', default: path.join(root, 'npm', 'packages') } },
});
// Only where the workflow runs is there somebody who vouches for where a package was made.
const provenance = process.env.GITHUB_ACTIONS ? ['--provenance'] : [];
const { name: store, version } = manifest;
// npm publishes no version such as 1.0.0-beta.1 as the latest one.
const tag = version.includes('-') ? 'next' : 'latest';
const packages = [...targets.TARGETS.map(({ name }) => targets.packageName(name)), store];

function isPublished(name) {
  const { command, first, shell } = npmCommand();
  const args = [...first, 'view', `${name}@${version}`, 'version'];
  const { stdout } = spawnSync(command, args, { shell, encoding: 'utf8' });
  return stdout.trim() === version;
}

for (const name of packages) {
  if (isPublished(name)) {
    say(`${name} ${version} is published already`);
    continue;
  }
  const tarball = `${name.slice(1).replace('/', '-')}-${version}.tgz`;
  const file = path.join(path.resolve(values.from), tarball);
  npm(`publishing ${name}`, ['publish', file, '--access', 'public', ...provenance, '--tag', tag]);
}
