// Runs the smoke program on a platform.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { say } from '../run.mjs';
import { output } from './build.mjs';
import { runNode } from './runner.mjs';

const program = fileURLToPath(new URL('smoke/main.mjs', import.meta.url));
export const STEPS = 6;

function read(report) {
  const lines = existsSync(report) ? readFileSync(report, 'utf8').split('\n').filter(Boolean) : [];
  const passed = lines.filter((line) => line.startsWith('ok ')).length;
  return { passed, bad: lines.filter((line) => !line.startsWith('ok ')), count: lines.length };
}

/** Gives how many steps passed, and what failed. */
export function smoke(platform) {
  say(`smoke test on ${platform.name}`);
  mkdirSync(output, { recursive: true });
  const folder = mkdtempSync(path.join(output, 'smoke-'));
  const report = path.join(folder, 'report');
  const options = {
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 300_000,
    killSignal: 'SIGKILL',
  };
  const { status, signal } = runNode(platform, program, [folder, report], options);
  const { passed, bad, count } = read(report);
  rmSync(folder, { recursive: true, force: true });
  const ended = `ended after ${count} of ${STEPS} steps, ${signal ?? `code ${status}`}`;
  return { passed, failed: count < STEPS ? [...bad, ended] : bad };
}
