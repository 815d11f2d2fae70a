// Runs the smoke program on a platform.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { say } from '../run.mjs';
import { output } from './build.mjs';
import { runNode } from './runner.mjs';

const program = fileURLToPath(new URL('smoke/main.mjs', import.meta.url));
export const STEPS = 6;

/** Lines of the report, apart from those whose failure is the emulator's. */
export function readReport(report, lacks = {}) {
  const lines = existsSync(report) ? readFileSync(report, 'utf8').split('\n').filter(Boolean) : [];
  const passed = lines.filter((line) => line.startsWith('ok ')).length;
  const notPassed = lines.filter((line) => !line.startsWith('ok '));
  const reason = (line) => {
    const lack = lacks[/^not ok (\w+):/.exec(line)?.[1]];
    return lack?.error.test(line) ? lack.why : undefined;
  };
  const bad = notPassed.filter((line) => reason(line) === undefined);
  return { passed, bad, skipped: notPassed.map(reason).filter(Boolean), count: lines.length };
}

/** Gives how many steps passed, what the emulator cannot do, and what failed. */
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
  const { passed, bad, skipped, count } = readReport(report, platform.lacks);
  rmSync(folder, { recursive: true, force: true });
  const ended = `ended after ${count} of ${STEPS} steps, ${signal ?? `code ${status}`}`;
  return { passed, skipped, failed: count < STEPS ? [...bad, ended] : bad };
}
