// The package as users have it: packed, and installed without a network into a project of its own.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import platform from '../lib/native/platform.js';
import targets from '../lib/native/targets.js';
import { addonFile } from '../scripts/addon.mjs';
import { npmCommand } from '../scripts/run.mjs';
import { folder } from './folders.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const target = platform.targetName();
export const platformPackage = targets.packageName(target);

export function run(command, args, options) {
  const done = spawnSync(command, args, { encoding: 'utf8', ...options });
  assert.ifError(done.error);
  return done;
}

function npm(args, cwd) {
  const { command, first, shell } = npmCommand();
  const done = run(command, [...first, ...args], { cwd, shell });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
}

/** Packs what a release would publish for this platform, whatever else is built here; gives the tarballs. */
export function pack() {
  const [from, to] = [folder(), path.join(folder(), 'packages')];
  cpSync(addonFile(), path.join(from, targets.fileName(target)));
  const args = ['scripts/pack.mjs', '--from', from, '--to', to];
  const done = run(process.execPath, args, { cwd: root });
  assert.equal(done.status, 0, done.stderr);
  return readdirSync(to)
    .filter((name) => name.endsWith('.tgz'))
    .map((name) => path.join(to, name));
}

/** The packages that are needed at run time, those of the package and theirs, as they are installed here. */
export function dependencies() {
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages)
    .filter(([place, { dev, devOptional, peer }]) => place !== '' && !dev && !devOptional && !peer)
    .map(([place]) => path.join(root, place));
}

export function packDependencies() {
  const to = folder();
  npm(['pack', '--ignore-scripts', '--pack-destination', to, ...dependencies()], root);
  return readdirSync(to).map((name) => path.join(to, name));
}

/** Installs tarballs into an empty project, with nothing but them and what they need to take files from; runs no script. */
export function install(tarballs) {
  const project = folder();
  writeFileSync(path.join(project, 'package.json'), '{ "private": true }');
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const alone = ['--offline', '--ignore-scripts', `--cache=${folder()}`];
  npm(['install', ...alone, ...quiet, ...tarballs, ...packDependencies()], project);
  return project;
}

/** A copy of an installed project that a test may break. */
export function copyOf(project) {
  const copy = path.join(folder(), 'project');
  cpSync(project, copy, { recursive: true });
  return copy;
}

/** Runs a program in a project, with no other program within its reach. */
export function program(project, name, source, env) {
  const file = path.join(project, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, source);
  return start(file, project, env);
}

export function start(file, cwd, env) {
  const { SOFTADASTRA_STORE_NATIVE: _, ...rest } = process.env;
  return run(process.execPath, [file], { cwd, env: { ...rest, PATH: folder(), ...env } });
}
