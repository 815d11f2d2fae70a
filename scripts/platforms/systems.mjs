// The small Debian systems: one that builds, and one for each emulator that needs more than the machine has.

import os from 'node:os';
import path from 'node:path';
import process from 'node:process';

const caches = process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache');
/** Where they all are. */
export const home = path.resolve(
  process.env.STORE_PLATFORMS ?? path.join(caches, 'softadastra-store', 'platforms'),
);

/** What each is made of. Programs of Node.js are not in it: they come from npm, or from the wheels of PyPI. */
export const SYSTEMS = {
  build: {
    from: ['debian bookworm', 'debian-security bookworm-security'],
    packages: [
      ...['bash', 'coreutils', 'sed', 'grep', 'procps', 'util-linux', 'ca-certificates'],
      ...['cargo-web', 'rustc-web', 'rust-web-clippy', 'rust-web-llvm', 'rust-web-src'],
      ...['gcc', 'libc6-dev', 'gcc-mingw-w64-x86-64'],
      ...['libstd-rust-web-dev:arm64', 'libstdc++6:arm64', 'qemu-user-static'],
    ],
    links: { '/usr/bin/cc': '/usr/bin/gcc' },
    pip: ['ziglang==0.17.1', 'cargo-zigbuild==0.24.0'],
  },
  // The musl of Debian 12 crashes on the relocations of Node.js, and its wine lacks a library that Rust calls.
  musl: {
    from: ['debian trixie'],
    packages: ['bash', 'coreutils', 'findutils', 'grep', 'musl', 'procps', 'sed', 'util-linux'],
    // Where npm looks for the word musl.
    links: { '/usr/bin/ldd': '/usr/lib/ld-musl-x86_64.so.1' },
  },
  wine: { from: ['debian trixie'], packages: ['bash', 'coreutils', 'wine64'] },
};

/** The root folder of a system. */
export const systemFolder = (name) =>
  path.join(home, name === 'build' ? 'system' : `system-${name}`);
