import { readdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fail, root, step } from './run.mjs';

/** Node 20 expands no patterns for its test runner, so the files are listed here. */
export function testFiles(folder = '__test__') {
  return readdirSync(path.join(root, folder), { recursive: true })
    .filter((name) => /\.test\.[cm]?js$/.test(name))
    .map((name) => path.join(folder, name))
    .sort();
}

export function nodeTests(title, files, options) {
  if (files.length === 0) fail(`${title}: no test file found`);
  step(title, process.execPath, ['--test', '--test-reporter=spec', ...files], options);
}
