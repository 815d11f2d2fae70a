import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

export function say(line) {
  process.stdout.write(`> ${line}\n`);
}

/** Ends the whole run with the exit code that the failed step gave. */
export function fail(message, code = 1) {
  process.stderr.write(`> failed: ${message}\n`);
  process.exit(code);
}

/** Runs one step with its output untouched; returns only when it succeeded. */
export function step(title, command, args, options = {}) {
  say(title);
  const { env, ...rest } = options;
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    ...rest,
    env: { ...process.env, ...env },
  });
  if (result.error?.code === 'ENOENT') {
    fail(`${title}: ${command} was not found${command === 'cargo' ? cargoHint : ''}`, 127);
  }
  if (result.error) fail(`${title}: ${result.error.message}`);
  if (result.signal) fail(`${title}: ended by ${result.signal}`);
  if (result.status !== 0) fail(`${title}: exit code ${result.status}`, result.status);
  return result;
}

const cargoHint = '. The addon is built from Rust: install the toolchain from https://rustup.rs';

/** npm tells its own path to the scripts it runs; without it only a shell finds npm on Windows. */
export function npmCommand() {
  const self = process.env.npm_execpath;
  if (self && path.basename(self).startsWith('npm-cli')) {
    return { command: process.execPath, first: [self], shell: false };
  }
  return { command: 'npm', first: [], shell: process.platform === 'win32' };
}

export function npm(title, args, options) {
  const { command, first, shell } = npmCommand();
  return step(title, command, [...first, ...args], { shell, ...options });
}

/** Runs a development dependency's command; going through node itself needs no shell on Windows. */
export function tool(title, script, args, options) {
  return step(title, process.execPath, [path.join(root, 'node_modules', script), ...args], options);
}

export const biome = '@biomejs/biome/bin/biome';
export const tsc = 'typescript/bin/tsc';
export const depcruise = 'dependency-cruiser/bin/dependency-cruise.mjs';
