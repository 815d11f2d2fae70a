// All tests, in the order of what a person wants to know first. The first suite that fails ends the run.
// With --javascript only those that need nothing but Node.js and an addon in npm/.

import { parseArgs } from 'node:util';
import { rustTests } from './rust-tests.mjs';
import { nodeTests, testFiles } from './tests.mjs';
import { typeTests } from './type-tests.mjs';

const { values } = parseArgs({ options: { javascript: { type: 'boolean', default: false } } });

nodeTests('JavaScript tests', testFiles());
if (!values.javascript) {
  rustTests('Rust tests');
  typeTests();
}
