// The same tests with far more rounds than a change needs: for a night, or before a release.

import process from 'node:process';
import { fail } from './run.mjs';
import { rustTests } from './rust-tests.mjs';
import { nodeTests, testFiles } from './tests.mjs';

/** Rounds of kills, races and threads that end, runs of each JavaScript and Rust property, seconds of each fuzz target, crash images, schedules of each kind. */
const rounds = {
  KILL_ROUNDS: '5000',
  MODEL_RUNS: '2000',
  RACE_ROUNDS: '5000',
  THREAD_ROUNDS: '2000',
  PROPTEST_CASES: '5000',
  FUZZ_SECONDS: '600',
  CRASH_IMAGES: '50000000',
  SCHEDULES: '200000',
};
const env = { ...rounds, ...process.env };

const hard = testFiles().filter((file) => /kill|follow|model|locked|threads-end/.test(file));
if (!hard.some((file) => /kill/.test(file))) fail('torture: the kill test is missing');
nodeTests(`kill and property tests, ${env.KILL_ROUNDS} kills`, hard, { env });
rustTests(
  `Rust tests, ${env.PROPTEST_CASES} cases of each property, ${env.CRASH_IMAGES} crash images`,
  env,
);
