// The package as it would be published, seen by the tools that look at packages: the entry points and their types.

import path from 'node:path';
import { manifest } from './platform-packages.mjs';
import { root, step, tool } from './run.mjs';

const publint = 'publint/src/cli.js';
const attw = '@arethetypeswrong/cli/dist/index.js';

export function lintPackage() {
  const to = path.join(root, 'npm', 'packages');
  step('packing', process.execPath, ['scripts/pack.mjs', '--to', to], { stdio: 'ignore' });
  const tarball = path.join(to, `softadastra-store-${manifest.version}.tgz`);
  tool('entry points of the package', publint, ['run', tarball, '--strict']);
  tool('types of the package', attw, [tarball, '--format', 'ascii', '--no-emoji']);
}
