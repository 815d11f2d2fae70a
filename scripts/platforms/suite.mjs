// Runs the JavaScript tests of a copy of the checkout with the addon of a platform, file by file, as that platform would.

import { copyFileSync, cpSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import targets from '../../lib/native/targets.js';
import { npmCommand, root, say, step } from '../run.mjs';
import { testFiles } from '../tests.mjs';
import { addonOf, output } from './build.mjs';
import { inside } from './enter.mjs';
import { fetched } from './fetched.mjs';
import { nodeOf, npmOf } from './nodes.mjs';
import { installSystem } from './toolchain.mjs';

/** What is committed or about to be, with the packages of the platform. */
function copyCheckout({ name, os, cpu, libc }) {
  const copy = path.join(output, 'suite', name);
  rmSync(copy, { recursive: true, force: true });
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const options = { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' };
  for (const file of step('copying the checkout', 'git', list, options).stdout.split('\0')) {
    if (file === '') continue;
    mkdirSync(path.dirname(path.join(copy, file)), { recursive: true });
    cpSync(path.join(root, file), path.join(copy, file), { dereference: false });
  }
  copyFileSync(addonOf({ name }), path.join(copy, 'npm', targets.fileName(name)));
  const { command, first, shell } = npmCommand();
  const which = [`--os=${os}`, `--cpu=${cpu}`, ...(libc ? [`--libc=${libc}`] : [])];
  const args = [...first, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', ...which];
  fetched(`packages for ${name}`, command, args, { cwd: copy, shell });
  return copy;
}

function runFile(platform, cwd, file) {
  const node = nodeOf(platform);
  const done = inside(node, ['--test', '--test-reporter=tap', file], {
    system: platform.runner,
    cwd,
    env: { NO_COLOR: '1', NODE_TEST_CONTEXT: undefined, npm_execpath: npmOf(platform) },
    encoding: 'utf8',
    timeout: 900_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const count = (word) => Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(done.stdout)?.[1] ?? 0);
  const failed = done.status === 0 ? 0 : Math.max(1, count('fail'));
  const text = `${done.stdout}\n${done.stderr}`;
  return { passed: count('pass'), skipped: count('skipped'), failed, text };
}

const skippedTests = (text) => [...text.matchAll(/^ *ok \d+ - (.*) # SKIP (.*)$/gm)];

/** Gives how many tests passed, what was skipped and why, and what failed twice. */
export function suite(platform) {
  const { name } = platform;
  installSystem(platform.runner);
  const copy = copyCheckout(platform);
  const result = { passed: 0, skipped: [], failed: [] };
  for (const file of testFiles()) {
    let ran = runFile(platform, copy, file);
    // Other work on the machine makes some too slow: what fails twice has another reason.
    if (ran.failed > 0) {
      say(`${name}: ${file} failed, once more\n${ran.text}`);
      ran = runFile(platform, copy, file);
    }
    result.passed += ran.passed;
    result.skipped.push(...skippedTests(ran.text).map(([, test, why]) => `${test}: ${why}`));
    if (ran.failed > 0) result.failed.push(`${ran.failed} tests of ${file} failed\n${ran.text}`);
  }
  for (const one of result.skipped) say(`${name}: skipped: ${one}`);
  return result;
}
