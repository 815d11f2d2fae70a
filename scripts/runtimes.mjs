// Runs the JavaScript tests, file by file, on other runtimes than the one at hand, and says which tests do not pass there.
// Usage: npm run runtimes -- [node20 node22 node24 node26 bun deno]; all of them without names.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { fail, root, say } from './run.mjs';
import { program } from './runtime-program.mjs';
import { known, runtimes } from './runtimes-list.mjs';
import { testFiles } from './tests.mjs';

const { positionals } = parseArgs({ allowPositionals: true });
const chosen = positionals.length > 0 ? positionals : Object.keys(runtimes);

/** Runs one file of tests; a run that ends without a count has failed as a whole. */
function runFile(runtime, binary, file) {
  const env = { ...process.env, NO_COLOR: '1', NODE_TEST_CONTEXT: undefined };
  const options = { cwd: root, env, encoding: 'utf8', timeout: 300_000, maxBuffer: 1 << 28 };
  const { status, stdout, stderr } = spawnSync(binary, runtime.test(file), options);
  const output = `${stdout}\n${stderr}`;
  const count = (word) => Number(runtime.count(word).exec(output)?.[1] ?? 0);
  const [passed, failed] = [count('pass'), count('fail')];
  const broken = status !== 0 && failed === 0 ? 1 : 0;
  return { output, passed, failed: failed + broken };
}

function runAll(name) {
  const runtime = runtimes[name];
  const binary = program(name);
  const version = spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout.match(/[\d.]+/)[0];
  const began = Date.now();
  const result = { name, version, passed: 0, expected: 0, surprises: [] };
  say(`tests on ${name} ${version}`);
  for (const file of testFiles()) {
    const { output, passed, failed } = runFile(runtime, binary, file);
    const allowed = known[name]?.[path.basename(file)] ?? 0;
    result.passed += passed;
    result.expected += Math.min(failed, allowed);
    if (failed > allowed) result.surprises.push({ file, failed, output });
  }
  return { ...result, seconds: Math.round((Date.now() - began) / 1000) };
}

function table(rows) {
  const made = new Table({
    head: ['runtime', 'version', 'passed', 'known not to pass', 'failed', 'seconds'],
    style: { head: [], border: [] },
  });
  for (const { name, version, passed, expected, surprises, seconds } of rows) {
    const failed = surprises.reduce((sum, one) => sum + one.failed, 0);
    made.push([name, version, passed, expected, failed, seconds]);
  }
  return made.toString();
}

const unknown = chosen.filter((name) => !(name in runtimes));
if (unknown.length > 0) {
  fail(`no runtime ${unknown.join(', ')}: there are ${Object.keys(runtimes).join(', ')}`);
}
const results = chosen.map(runAll);
for (const { name, surprises } of results) {
  for (const { file, output } of surprises) process.stdout.write(`\n${name}, ${file}\n${output}\n`);
}
process.stdout.write(`${table(results)}\n`);
const failed = results.filter(({ surprises }) => surprises.length > 0);
if (failed.length > 0) fail(`tests on ${failed.map(({ name }) => name).join(', ')}`);
