// Everything that CI checks besides the tests.

import process from 'node:process';
import { lintApiDocs } from './api-docs/generate.mjs';
import { checkCircles } from './check-circles.mjs';
import { checkEngine } from './check-engine.mjs';
import { lintPackage } from './lint-package.mjs';
import { lintWorkflows } from './lint-workflows.mjs';
import { biome, depcruise, step, tool, tsc } from './run.mjs';
import { schedules } from './rust-tests.mjs';

const clippy = ['clippy', '--quiet'];
const doc = ['doc', '--no-deps', '--quiet'];
const napi = ['--features', 'napi'];
const seeded = ['--features', 'seeded-bugs'];
const deny = ['--', '-D', 'warnings'];
const javascript = ['index.js', 'index.mjs', 'lib', 'bin', 'scripts', 'bench', 'examples'];
// In a log file its colours are noise.
const plain = process.stdout.isTTY ? [] : ['--colors=off'];
const docOptions = { env: { RUSTDOCFLAGS: '-D warnings' } };

checkEngine();
checkCircles();
tool('circles and rooms of JavaScript', depcruise, ['--output-type', 'err', ...javascript]);
step('Rust format', 'cargo', ['fmt', '--check']);
tool('JavaScript format and lint', biome, ['ci', '--error-on-warnings', ...plain]);
tool('types of the JavaScript', tsc, ['--project', 'scripts/tsconfig.lib.json']);
step('clippy, engine alone', 'cargo', [...clippy, '--all-targets', ...deny]);
step('clippy, with seeded bugs', 'cargo', [...clippy, '--lib', ...seeded, ...deny]);
step('clippy, with chosen schedules', 'cargo', [...clippy, '--lib', ...schedules, ...deny]);
// The library alone: a test build leaves the registration of the addon out, and all of it looks unused.
step('clippy, with the binding', 'cargo', [...clippy, '--lib', ...napi, ...deny]);
step('Rust documentation, engine alone', 'cargo', doc, docOptions);
step('Rust documentation, with the binding', 'cargo', [...doc, ...napi], docOptions);
lintApiDocs();
lintPackage();
await lintWorkflows();
