'use strict';

// Every platform that has a package with a prebuilt addon. This is the only list: the loader, the scripts that make the
// packages and the tests of the release workflow read it. `os`, `cpu` and `libc` are npm's words, `triple` is Rust's.
const TARGETS = [
  { name: 'darwin-arm64', os: 'darwin', cpu: 'arm64', triple: 'aarch64-apple-darwin' },
  { name: 'darwin-x64', os: 'darwin', cpu: 'x64', triple: 'x86_64-apple-darwin' },
  gnu('arm64', 'aarch64'),
  gnu('x64', 'x86_64'),
  musl('arm64', 'aarch64'),
  musl('x64', 'x86_64'),
  { name: 'win32-arm64', os: 'win32', cpu: 'arm64', triple: 'aarch64-pc-windows-msvc' },
  { name: 'win32-x64', os: 'win32', cpu: 'x64', triple: 'x86_64-pc-windows-msvc' },
];

function gnu(cpu, machine) {
  const triple = `${machine}-unknown-linux-gnu`;
  return { name: `linux-${cpu}-gnu`, os: 'linux', cpu, libc: 'glibc', triple };
}

function musl(cpu, machine) {
  const triple = `${machine}-unknown-linux-musl`;
  return { name: `linux-${cpu}-musl`, os: 'linux', cpu, libc: 'musl', triple };
}

/** The oldest C library on which the gnu builds run: the one that Node.js 20 itself needs. */
const OLDEST_GLIBC = '2.28';

/** The oldest macOS on which the builds for it run, as Rust and Node.js 20 have it. */
const OLDEST_MACOS = '11.0';

const packageName = (target) => `@softadastra/store-${target}`;
const fileName = (target) => `softadastra-store.${target}.node`;

module.exports = { TARGETS, OLDEST_GLIBC, OLDEST_MACOS, packageName, fileName };
