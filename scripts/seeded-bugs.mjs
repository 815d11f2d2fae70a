// Makes every deliberate bug of src/bugs.rs in turn and wants the tests to catch it. Names as arguments choose bugs.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fail, root, say, step } from './run.mjs';
import { allocator, schedules } from './rust-tests.mjs';

/** A hanging test is a caught bug as well: one that takes this many times as long as without a bug, and a while at least. */
const PATIENCE = 20;
const AT_LEAST = 60_000;
/** Enough images for every bug, few enough for a run per bug. */
const CRASH_IMAGES = '20000';

/** Fast and precise suites first: they name the broken promise best. */
const ORDER = ['softadastra_store', 'store', 'files', 'golden', 'corruption', 'salvage', 'faults'];

function listedBugs() {
  const text = readFileSync(path.join(root, 'src', 'bugs.rs'), 'utf8');
  const list = text.slice(text.indexOf('enum Bug {'), text.indexOf('static CHOSEN'));
  return [...list.matchAll(/\/\/\/ (.+)\n\s+(\w+),/g)].map(([, what, name]) => ({ name, what }));
}

/** The test programs, built once with every bug in them and none turned on. */
function buildSuites(title, choice) {
  const cargo = ['test', '--quiet', '--no-run', '--features', 'seeded-bugs', ...choice];
  const { stdout } = step(
    `building ${title} with seeded bugs`,
    'cargo',
    [...cargo, '--message-format=json-render-diagnostics'],
    { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  const rank = (suite) => (ORDER.includes(suite.name) ? ORDER.indexOf(suite.name) : ORDER.length);
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter((message) => message.profile?.test && message.executable)
    .map((message) => ({ name: message.target.name, file: message.executable }))
    .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

/** Runs one suite with one bug, or none; gives the test that failed. */
function runSuite(suite, bug, timeout) {
  const env = { ...process.env, ...allocator, SEEDED_BUG: bug, CRASH_IMAGES, RUST_BACKTRACE: '0' };
  const child = spawn(suite.file, [], { cwd: root, env, stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  const timer = timeout && setTimeout(() => child.kill('SIGKILL'), timeout);
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer);
      if (code === 0) return resolve(undefined);
      const failed = /^test (.+) \.\.\. FAILED$/m.exec(output)?.[1];
      resolve(`${suite.name}: ${failed ?? (code === null ? 'no end in sight' : `exit ${code}`)}`);
    });
  });
}

async function catcher(bug) {
  for (const suite of suites) {
    const caught = await runSuite(suite, bug, Math.max(PATIENCE * suite.took, AT_LEAST));
    if (caught) return caught;
  }
  return undefined;
}

async function eachInParallel(items, work) {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

const wanted = process.argv.slice(2);
const bugs = listedBugs().filter(({ name }) => wanted.length === 0 || wanted.includes(name));
if (bugs.length === 0) fail('seeded bugs: none of that name');
const suites = [
  ...buildSuites('the tests', ['--lib', '--tests']),
  ...buildSuites('the schedules', schedules),
];
for (const suite of suites) {
  const begun = Date.now();
  const broken = await runSuite(suite, '');
  if (broken) fail(`without any bug, ${broken}`);
  suite.took = Date.now() - begun;
}
say(`${bugs.length} bugs, ${suites.length} suites, all of which pass without a bug`);
const escaped = [];
await eachInParallel(bugs, async ({ name, what }) => {
  const caught = await catcher(name);
  if (!caught) escaped.push(name);
  say(`${caught ? 'caught' : 'ESCAPED'}  ${name}: ${what}\n    ${caught ?? 'no test failed'}`);
});
if (escaped.length > 0) fail(`${escaped.length} bugs escaped: ${escaped.join(', ')}`);
say(`all ${bugs.length} bugs were caught`);
