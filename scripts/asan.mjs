// AddressSanitizer over the Rust tests, and over the JavaScript tests that are hard on memory with an addon built for it. Needs
// Linux or macOS, and the linker and `ar` that Rust's own toolchain asks for. Usage: npm run asan -- [names of JavaScript tests]

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fail, root, step } from './run.mjs';
import { nodeTests, testFiles } from './tests.mjs';

const names = process.argv.slice(2);
/** What holds memory of the store, lends it, or gives it back from another thread. */
const HARD = /given-away|lost-views|copies|read-forms|values|scan|snapshot|operations|threads-end/;

/** Fewer rounds than a plain run: the sanitizer makes each several times as slow. */
const rounds = {
  CRASH_IMAGES: '6000',
  PROPTEST_CASES: '12',
  FUZZ_SECONDS: '2',
  THREAD_ROUNDS: '6',
};

const target = path.join(root, 'target', 'asan');
const build = {
  // The stable toolchain has the sanitizer; only the switch for it is not stable.
  RUSTC_BOOTSTRAP: '1',
  RUSTFLAGS: '-Zsanitizer=address',
  CARGO_TARGET_DIR: target,
  // What lives until the process ends was not forgotten.
  ASAN_OPTIONS: 'detect_leaks=0',
  ...rounds,
  ...process.env,
};

function ask(command, args) {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) fail(`${command} ${args.join(' ')}`);
  return stdout;
}

/** The platform is named, so that build scripts and macros are built without the sanitizer. */
function platform() {
  const [, triple] = /^host: (.+)$/m.exec(ask('rustc', ['-vV'])) ?? fail('rustc names no platform');
  return triple;
}

/**
 * The sanitizer's runtime as a library that is loaded before Node.js, whose own allocations it has to watch. On Linux Rust has it
 * only as an archive, of which one piece is for programs alone.
 */
function runtime(triple) {
  const folder = path.join(
    ask('rustc', ['--print', 'sysroot']).trim(),
    'lib/rustlib',
    triple,
    'lib',
  );
  const name = readdirSync(folder).find((file) => /rt\.asan\.(a|dylib)$/.test(file));
  if (!name) fail(`the toolchain has no AddressSanitizer for ${triple}`);
  if (name.endsWith('.dylib')) return path.join(folder, name);
  mkdirSync(target, { recursive: true });
  const archive = path.join(target, 'runtime.a');
  const library = path.join(target, 'runtime.so');
  copyFileSync(path.join(folder, name), archive);
  step('the runtime, without what programs begin with', 'ar', ['d', archive, 'asan_preinit.cpp.o']);
  const whole = ['-Wl,--whole-archive', archive, '-Wl,--no-whole-archive'];
  const libraries = ['-lpthread', '-ldl', '-lrt', '-lm'];
  step('the runtime as a library', 'cc', ['-shared', '-o', library, ...whole, ...libraries]);
  return library;
}

function addon(triple) {
  const args = ['build', '--quiet', '--target', triple, '--features', 'napi', '--lib'];
  step('building the addon with the sanitizer', 'cargo', args, { env: build });
  const mac = triple.includes('darwin');
  return path.join(target, triple, 'debug', `libsoftadastra_store.${mac ? 'dylib' : 'so'}`);
}

const host = platform();
const preload = host.includes('darwin') ? 'DYLD_INSERT_LIBRARIES' : 'LD_PRELOAD';
const native = { SOFTADASTRA_STORE_NATIVE: addon(host), [preload]: runtime(host) };
const chosen = testFiles().filter((file) =>
  names.length > 0 ? names.some((name) => file.includes(name)) : HARD.test(file),
);
nodeTests('JavaScript tests with the sanitizer', chosen, { env: { ...build, ...native } });
if (names.length === 0) {
  const args = ['test', '--quiet', '--target', host, '--lib', '--tests'];
  step('Rust tests with the sanitizer', 'cargo', args, { env: build });
}
