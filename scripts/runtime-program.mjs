// The programs of other runtimes, installed from npm into a folder of their own.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { npm, root } from './run.mjs';
import { runtimes } from './runtimes-list.mjs';

const folder = path.join(root, '.runtimes');

/** Installs a runtime from npm unless it is there, and gives its program. */
export function program(name) {
  const { from, file } = runtimes[name];
  const home = path.join(folder, name);
  const binary = path.join(home, 'node_modules', from.replace(/@[\d.]+$/, ''), file);
  if (existsSync(binary)) return binary;
  mkdirSync(home, { recursive: true });
  writeFileSync(path.join(home, 'package.json'), '{ "private": true }');
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  npm(`installing ${name}`, ['install', ...quiet, from], { cwd: home });
  return binary;
}
