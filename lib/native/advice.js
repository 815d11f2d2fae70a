'use strict';

// What to say when there is no native module, or none that works: what was looked for, what is wrong, and how to fix it.

const { SoftadastraError } = require('../types/error.js');
const { builtin } = require('./builtin.js');
const { glibcVersion } = require('./platform.js');
const { OLDEST_GLIBC, TARGETS, packageName } = require('./targets.js');

const { existsSync } = builtin('fs');
const { toNamespacedPath } = builtin('path');

/** The environment variable that names the native file. */
const VARIABLE = 'SOFTADASTRA_STORE_NATIVE';

const failure = (code, lines, context, cause) =>
  new SoftadastraError(code, lines.filter(Boolean).join('\n'), context, { cause });

/** `installed` are the targets whose packages are there, `version` is the wanted one. */
function missing({ target, installed, bundled, version, cause }) {
  const head = `@softadastra/store has no native module for ${target}`;
  if (!TARGETS.some((one) => one.name === target)) {
    return failure('not_found', [`${head}: ${UNSUPPORTED}`], target, cause);
  }
  const name = packageName(target);
  const lines = [
    `${head}: the package ${name} is not installed where it can be found.`,
    bundled && BUNDLED,
    !bundled && (installed.length > 0 ? elsewhere(target, installed) : left(name, version)),
    `You can also name a native file in the environment variable ${VARIABLE}.`,
  ];
  return failure('not_found', lines, name, cause);
}

const UNSUPPORTED =
  `there is no build for it. There are builds for ${TARGETS.map(({ name }) => name).join(', ')}.\n` +
  'In a source checkout "npm run build" makes one, on any platform with Rust; elsewhere name it in the environment ' +
  `variable ${VARIABLE}.`;

const BUNDLED =
  'This code runs from a bundle, and a native file cannot be part of one. Keep the package out of the bundle ' +
  '(esbuild: --external:@softadastra/store; Vite: ssr.external; webpack and Rollup: externals, external) ' +
  'and ship node_modules with it.';

function elsewhere(target, installed) {
  const { os, cpu, libc } = TARGETS.find((one) => one.name === target);
  const flags = `--os=${os} --cpu=${cpu}${libc ? ` --libc=${libc}` : ''}`;
  return (
    `Installed for another platform: ${installed.map(packageName).join(', ')}. node_modules comes from another ` +
    'machine or image, or from a Node.js of another architecture (on a Mac: one of them under Rosetta). ' +
    `Install on the platform that runs the program, or with "npm install ${flags}".` +
    (os === 'darwin' ? ' A universal app needs both darwin packages.' : '')
  );
}

function left(name, version) {
  return (
    'It is an optional dependency. Package managers leave those out when told to (--omit=optional, ' +
    '--no-optional, --ignore-optional), and npm does when the lock file was written on another platform. Install with ' +
    'optional dependencies; if it is still missing, remove node_modules and the lock file and install again, or run ' +
    `"npm install --save-optional ${name}@${version}".`
  );
}

const ARCHIVE = /\.asar[\\/]/;

/** What the dynamic linkers of the systems say, and what it means for a file that exists. */
/** @type {Array<[RegExp, (target: string, version?: string) => string]>} */
const REASONS = [
  [
    ARCHIVE,
    () =>
      'A native file cannot be loaded from inside an Electron archive. Unpack it: "asarUnpack": ["**/*.node"] for ' +
      'electron-builder, packagerConfig.asar = { unpack: "**/*.node" } for Electron Forge.',
  ],
  [
    /version [`']GLIBC_([\d.]+)' not found/,
    (_, version) =>
      `It needs glibc ${newer(version, OLDEST_GLIBC)} or newer; this system has ${glibcVersion() ?? 'another C library'}.`,
  ],
  [
    /ld-linux|libc\.so\.6|libc\.musl|relocating|symbol not found/i,
    () => 'It was built for another C library (glibc or musl) than this system has.',
  ],
  [
    /\bELF\b|incompatible architecture|mach-o|not a valid Win32|Exec format|image not found/i,
    (target) => `It is not a native file for ${target}: it is for another platform, or damaged.`,
  ],
  [
    /failed to map segment/i,
    () => 'The file system does not allow executing files (noexec): install on another one.',
  ],
  [
    /no such file|cannot find|could not be found|library not loaded/i,
    () => 'The file exists, but a library that it needs does not.',
  ],
];

/** The greater of two versions. */
function newer(version, other) {
  return version.localeCompare(other, 'en', { numeric: true }) > 0 ? version : other;
}

/** A file in an archive exists only for some programs. */
function isGone(file) {
  return !existsSync(file) && !ARCHIVE.test(file);
}

function reasonOf(file, target, said) {
  for (const [pattern, reason] of REASONS) {
    const found = pattern.exec(`${file}: ${said}`);
    if (found) return reason(target, found[1]);
  }
  return undefined;
}

/** A file that exists and does not load, or one that was named and does not exist. */
function unloadable({ file, target, named, cause }) {
  // On Windows the file is loaded by the long form of its name, which nobody wrote.
  const said = cause.message.replaceAll(toNamespacedPath(file), file);
  const lines = [
    `@softadastra/store cannot load its native module ${file}: ${said}`,
    isGone(file) ? 'The file does not exist.' : reasonOf(file, target, said),
    named && `The file was named in the environment, as ${VARIABLE}.`,
  ];
  return failure('invalid_state', lines, file, cause);
}

function otherVersion({ file, found, version, named }) {
  const lines = [
    `@softadastra/store ${version} found a native module of version ${found ?? 'unknown'}: ${file}`,
    named
      ? `The file was named in the environment variable ${VARIABLE}.`
      : `Install the same version of both: "npm install @softadastra/store@${version}"; ` +
        'in a source checkout run "npm run build".',
  ];
  return failure('invalid_state', lines, file);
}

module.exports = { VARIABLE, missing, otherVersion, unloadable };
