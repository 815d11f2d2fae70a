// Builds the Node.js addon and puts it where lib/native.js looks for it.

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fail, root, step } from './run.mjs';

const library = /(?:^lib)?softadastra_store\.(?:so|dylib|dll)$/;

export function addonFile() {
  return path.join(root, 'npm', `softadastra-store.${platformName()}.node`);
}

/** The same name that lib/native.js computes. */
function platformName() {
  const { platform, arch } = process;
  if (platform !== 'linux') return `${platform}-${arch}`;
  const libc = process.report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl';
  return `linux-${arch}-${libc}`;
}

/** Asks cargo itself which file it made: that is right with any target folder or target triple. */
function builtLibrary(messages) {
  const files = messages
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter((message) => message.reason === 'compiler-artifact')
    .flatMap((message) => message.filenames);
  return files.find((file) => library.test(path.basename(file)));
}

export function buildAddon() {
  const args = ['build', '--release', '--features', 'napi', '--lib', '--quiet'];
  const { stdout } = step(
    'building the addon',
    'cargo',
    [...args, '--message-format=json-render-diagnostics'],
    { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  const built = builtLibrary(stdout);
  if (!built) fail('building the addon: cargo named no shared library');
  install(readFileSync(built), addonFile());
}

/** A process that has the old addon loaded keeps it: the new file replaces the name, not the bytes. */
function install(bytes, file) {
  if (existsSync(file) && readFileSync(file).equals(bytes)) return;
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, bytes);
  renameSync(temporary, file);
}
