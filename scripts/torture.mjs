// The same tests with far more rounds than a change needs: for a night, or before a release.

import process from 'node:process';
import { fail, step } from './run.mjs';
import { nodeTests, testFiles } from './tests.mjs';

/** Rounds of the kill test, runs of each JavaScript property, cases of each Rust property. */
const rounds = { KILL_ROUNDS: '200', MODEL_RUNS: '2000', PROPTEST_CASES: '5000' };
const env = { ...rounds, ...process.env };

const hard = testFiles().filter((file) => /kill|model/.test(file));
if (!hard.some((file) => /kill/.test(file))) fail('torture: the kill test is missing');
nodeTests(`kill and property tests, ${env.KILL_ROUNDS} kills`, hard, { env });
step(`Rust tests, ${env.PROPTEST_CASES} cases of each property`, 'cargo', ['test', '--quiet'], {
  env,
});
