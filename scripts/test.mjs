// All tests, in the order of what a person wants to know first. The first suite that fails ends the run.

import { tool, tsc } from './run.mjs';
import { rustTests } from './rust-tests.mjs';
import { nodeTests, testFiles } from './tests.mjs';

nodeTests('JavaScript tests', testFiles());
rustTests('Rust tests');
tool('type tests', tsc, ['--noEmit', '--project', 'tsconfig.json']);
