// Builds the addon of every platform on Linux, checks each, and runs what can be run here.
// Usage: npm run platforms -- [names] [--quick] [--build-only] [--run-only] [--suite]; all platforms
// without names.
// --quick builds without the optimisations of a release, --run-only takes what was built before,
// --suite runs all JavaScript tests after the smoke test, where that is set up.

import { existsSync, mkdirSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { addonOf, buildPlatform, output } from './platforms/build.mjs';
import { checkAddon } from './platforms/check.mjs';
import { platforms } from './platforms/list.mjs';
import { STEPS, smoke } from './platforms/smoke.mjs';
import { suite } from './platforms/suite.mjs';
import { installSystem } from './platforms/toolchain.mjs';
import { fail, say } from './run.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'build-only': { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    'run-only': { type: 'boolean', default: false },
    suite: { type: 'boolean', default: false },
  },
});

const names = platforms.map(({ name }) => name);
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) fail(`no platform ${unknown.join(', ')}: there are ${names.join(', ')}`);
const chosen = platforms.filter(
  ({ name }) => positionals.length === 0 || positionals.includes(name),
);

const NOT_RUN = 'no emulator is set up for it';

/** What was found of one platform. What fails is said at once, and again by the exit code. */
function examine(platform) {
  const { name, runner } = platform;
  if (values['run-only'] && !existsSync(addonOf(platform))) fail(`${name} is not built`);
  const seconds = values['run-only']
    ? undefined
    : buildPlatform(platform, { isQuick: values.quick });
  const wrong = checkAddon(platform).map((what) => `it ${what}`);
  const ran = runner && !values['build-only'] ? smoke(platform) : undefined;
  const tests = ran && platform.hasSuite && values.suite ? suite(platform) : undefined;
  const failed = [...wrong, ...(ran?.failed ?? []), ...(tests?.failed ?? [])];
  for (const one of failed) say(`${name}: ${one}`);
  const skipped = ran ? ran.skipped.join('\n') : values['build-only'] ? 'not asked for' : NOT_RUN;
  return { name, seconds, isRight: wrong.length === 0, ran, tests, skipped, failed };
}

const yes = (value) => (value ? 'yes' : 'no');

function table(all) {
  const made = new Table({
    head: ['platform', 'built', 'checked', 'loads', `of ${STEPS} steps`, 'tests', 'skipped'],
    style: { head: [], border: [] },
    colWidths: [...Array.from({ length: 6 }), 50],
    wordWrap: true,
  });
  for (const { name, seconds, isRight, ran, tests, skipped } of all) {
    const built = seconds === undefined ? 'before' : `${seconds} s`;
    const steps = ran === undefined ? ['', ''] : [yes(ran.passed > 0), ran.passed];
    const notRun = [skipped, ...(tests?.skipped ?? [])].filter(Boolean).join('\n');
    made.push([name, built, yes(isRight), ...steps, tests?.passed ?? '', notRun]);
  }
  return made.toString();
}

installSystem('build');
mkdirSync(output, { recursive: true });
const rows = chosen.map(examine);
process.stdout.write(`${table(rows)}\n`);
const bad = rows.filter(({ failed }) => failed.length > 0).map(({ name }) => name);
if (bad.length > 0) fail(`platforms ${bad.join(', ')}`);
