// What an addon must be, whether or not it can be run here: made for its platform, exporting what Node.js looks for, and
// in need of nothing that the platform does not have.

import { readFileSync } from 'node:fs';
import targets from '../../lib/native/targets.js';
import { neededGlibc, newer } from '../glibc.mjs';
import { addonOf } from './build.mjs';
import { llvm } from './enter.mjs';
import { brokenSignature } from './signature.mjs';

const ENTRIES = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];
const ARCHITECTURES = { x64: 'x86_64', arm64: 'aarch64' };

/** The libraries that every installation of the system has. */
const LIBRARIES = {
  glibc:
    /^(?:libc\.so\.6|libm\.so\.6|libdl\.so\.2|libpthread\.so\.0|librt\.so\.1|libgcc_s\.so\.1|ld-linux-.*)$/,
  musl: /^libc\.so$/,
  darwin: /^\/usr\/lib\/lib(?:System\.B|iconv\.2|charset\.1)\.dylib$/,
  win32:
    /^(?:kernel32|userenv|ws2_32|ntdll|msvcrt|bcryptprimitives|advapi32|api-ms-win-[a-z0-9-]+)\.dll$/i,
};

/** Some kernels for arm64 have pages of 64 KiB, and load no file whose parts are laid out for smaller ones. */
const PAGE = { arm64: 65_536, x64: 4096 };

function needed(text) {
  const [, list] = /NeededLibraries \[\n([^\]]*)\]/.exec(text) ?? [];
  return (list ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}

function exported({ os }, file) {
  if (os === 'win32') {
    return [...llvm('readobj', ['--coff-exports'], file).matchAll(/Name: (\S+)/g)].map(
      ([, name]) => name,
    );
  }
  const dynamic = os === 'linux' ? ['-D'] : [];
  const text = llvm(
    'nm',
    [...dynamic, '--defined-only', '--extern-only', '--format=just-symbols'],
    file,
  );
  return text
    .split('\n')
    .map((name) => (os === 'darwin' ? name.replace(/^_/, '') : name))
    .filter(Boolean);
}

function wrongExports(platform, names) {
  const left = ENTRIES.filter((name) => !names.includes(name));
  // zig's linker has no lists of exported names for macOS; Apple's does.
  const others = platform.os === 'darwin' ? [] : names.filter((name) => !ENTRIES.includes(name));
  return [
    ...left.map((name) => `does not export ${name}`),
    ...others.map((name) => `exports ${name}`),
  ];
}

function wrongLinux({ cpu, libc }, file, bytes) {
  const glibc = neededGlibc(bytes);
  const tooNew = glibc && newer(glibc, targets.OLDEST_GLIBC) !== targets.OLDEST_GLIBC;
  const parts = llvm('readelf', ['--program-headers', '--wide'], file);
  const aligned = [...parts.matchAll(/^ +LOAD .* (0x[0-9a-f]+)$/gm)].map(([, number]) =>
    Number(number),
  );
  return [
    tooNew && `needs glibc ${glibc}, ${targets.OLDEST_GLIBC} is promised`,
    libc === 'musl' && glibc && `needs glibc ${glibc}`,
    aligned.length === 0 && 'has no part to load',
    aligned.some((bytesOfPage) => bytesOfPage < PAGE[cpu]) &&
      `is not laid out for pages of ${PAGE[cpu]} bytes`,
    /GNU_STACK .* RWE/.test(parts) && 'wants a stack that can be executed',
  ];
}

function wrongDarwin(file, bytes) {
  const headers = llvm('objdump', ['--macho', '--private-headers'], file);
  const [, oldest] = /^ +minos ([\d.]+)$/m.exec(headers) ?? [];
  return [
    newer(oldest ?? '99', targets.OLDEST_MACOS) !== targets.OLDEST_MACOS &&
      `needs macOS ${oldest}, ${targets.OLDEST_MACOS} is promised`,
    brokenSignature(bytes),
  ];
}

/** What is wrong with the addon of a platform: sentences, none if it is as it must be. */
export function checkAddon(platform) {
  const { cpu, format, libc, os } = platform;
  const file = addonOf(platform);
  const bytes = readFileSync(file);
  const text = llvm('readobj', ['--needed-libs'], file);
  const said = (name) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1] ?? 'unknown';
  // Of a library of macOS the first is its own name.
  const libraries = needed(text).filter((name) => !name.endsWith('/libsoftadastra_store.dylib'));
  const strange = libraries.filter((name) => !LIBRARIES[libc ?? os].test(name));
  return [
    !said('Format').startsWith(format) && `is of the format ${said('Format')}`,
    said('Arch') !== ARCHITECTURES[cpu] && `is for ${said('Arch')}`,
    ...strange.map((name) => `needs the library ${name}`),
    ...wrongExports(platform, exported(platform, file)),
    ...(os === 'linux' ? wrongLinux(platform, file, bytes) : []),
    ...(os === 'darwin' ? wrongDarwin(file, bytes) : []),
  ].filter(Boolean);
}
