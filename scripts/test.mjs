// All tests, in the order of what a person wants to know first. The first suite that fails ends the run.

import { step, tool, tsc } from './run.mjs';
import { nodeTests, testFiles } from './tests.mjs';

nodeTests('JavaScript tests', testFiles());
step('Rust tests', 'cargo', ['test', '--quiet']);
tool('type tests', tsc, ['--noEmit', '--project', 'tsconfig.json']);
