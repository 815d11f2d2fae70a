// How each platform of lib/native/targets.js is built on Linux x64, and by what its addon is run there.

import targets from '../../lib/native/targets.js';

const { OLDEST_GLIBC } = targets;
/** Debian has the standard library of two platforms; that of the others is built with the addon. */
const std = '-Zbuild-std=std,panic_unwind';
const noStd = { RUSTC_BOOTSTRAP: '1' };

const linux = { link: 'zigbuild', format: 'elf64' };
const glibc = { ...linux, suffix: `.${OLDEST_GLIBC}`, libraries: ['libc.so.6', 'libm.so.6'] };
const musl = { ...linux, args: [std], env: noStd, libraries: ['libc.so'] };
const darwin = { link: 'zigbuild', args: [std], env: noStd, format: 'Mach-O' };
const windows = { args: [std], env: noStd, format: 'COFF' };

const how = {
  'darwin-arm64': darwin,
  'darwin-x64': darwin,
  'linux-arm64-gnu': { ...glibc, runner: 'qemu' },
  'linux-arm64-musl': musl,
  'linux-x64-gnu': { ...glibc, runner: 'here' },
  'linux-x64-musl': { ...musl, runner: 'musl', hasSuite: true },
  // The published builds are those of Visual Studio, whose libraries are not to be had here. The code is the same.
  'win32-arm64': { ...windows, link: 'zigbuild', triple: 'aarch64-pc-windows-gnullvm' },
  'win32-x64': {
    ...windows,
    link: 'build',
    runner: 'wine',
    lacks: {
      compacts: {
        error: /SoftadastraError: permission denied: .*smoke\.wal/,
        why: 'compacts: wine renames no file over one that is open, as Windows does since 10',
      },
    },
    triple: 'x86_64-pc-windows-gnu',
    env: { ...noStd, CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER: 'x86_64-w64-mingw32-gcc-win32' },
  },
};

export const platforms = targets.TARGETS.map((target) => ({ ...target, ...how[target.name] }));
