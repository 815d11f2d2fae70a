// Runs programs of Windows by wine, in a system of its own.

import { Buffer } from 'node:buffer';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fail, say } from '../run.mjs';
import { inside } from './enter.mjs';
import { home, systemFolder } from './systems.mjs';
import { installSystem } from './toolchain.mjs';

const wine = '/usr/lib/wine/wine64';
const server = '/usr/lib/wine/wineserver64';
const dlls = '/usr/lib/x86_64-linux-gnu/wine/x86_64-windows';
const prefix = path.join(home, 'wine');

const environment = (folder) => ({
  WINEPREFIX: folder,
  WINEDEBUG: '-all',
  // Neither .NET nor a browser is asked for, which a new installation would look for in the network.
  WINEDLLOVERRIDES: 'mscoree,mshtml=',
});

/** The one library that wine takes from another package. It finds those alone that say they are its own. */
function addZlib() {
  const system = systemFolder('wine');
  const library = readFileSync(path.join(system, 'usr/x86_64-w64-mingw32/lib/zlib1.dll'));
  const mark = Buffer.alloc(32);
  mark.write('Wine builtin DLL');
  mark.copy(library, 64);
  writeFileSync(path.join(system, dlls, 'zlib1.dll'), library);
}

/** A new installation of Windows, as wine has it. */
function installWindows() {
  installSystem('wine');
  if (existsSync(path.join(prefix, 'system.reg'))) return;
  say('setting wine up');
  addZlib();
  const folder = `${prefix}.${process.pid}`;
  mkdirSync(folder, { recursive: true });
  // What it knows of the installation is written when its server ends.
  const script = `"${wine}" wineboot --init; "${server}" --wait`;
  const options = { system: 'wine', env: environment(folder), stdio: 'ignore', timeout: 300_000 };
  const { status, signal } = inside('/bin/sh', ['-c', script], options);
  if (!existsSync(path.join(folder, 'system.reg'))) {
    fail(`setting wine up: ${signal ?? `exit code ${status}`}`);
  }
  rmSync(prefix, { recursive: true, force: true });
  renameSync(folder, prefix);
}

/** The name that programs of Windows have for a file. */
export const drive = (file) => `Z:${file.replaceAll('/', '\\')}`;

/** Gives what `spawnSync` gives, but no output: Node.js finds no pipe of Linux to write to. */
export function runInWine(program, args, { env, ...options }) {
  installWindows();
  const all = { ...environment(prefix), ...env };
  const silent = { ...options, stdio: 'ignore', system: 'wine', env: all };
  return inside(wine, [drive(program), ...args], silent);
}
