'use strict';

// What to say when there is no native module, or none that works: what was looked for, what is wrong, how to mend it.

const { SoftadastraError } = require('../types/error.js');
const { glibcVersion } = require('./platform.js');
const { OLDEST_GLIBC, TARGETS, packageName } = require('./targets.js');

/** The environment variable that names the native file. */
const VARIABLE = 'SOFTADASTRA_STORE_NATIVE';

const failure = (code, lines, context, cause) =>
  new SoftadastraError(code, lines.filter(Boolean).join('\n'), context, { cause });

/** `installed` are the targets whose packages are there, `version` is the one that is wanted. */
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
    `A native file can also be named in the environment, as ${VARIABLE}.`,
  ];
  return failure('not_found', lines, name, cause);
}

const UNSUPPORTED =
  `nobody has built it. There are builds for ${TARGETS.map(({ name }) => name).join(', ')}.\n` +
  'In a source checkout "npm run build" makes one, on any platform with Rust; elsewhere name it in the environment, ' +
  `as ${VARIABLE}.`;

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
    'It is an optional dependency, and a package manager leaves those out when it is told to (--omit=optional, ' +
    '--no-optional, --ignore-optional) and npm when the lock file was written on another platform. Install with ' +
    'optional dependencies; if it stays away, remove node_modules and the lock file and install again, or run ' +
    `"npm install --save-optional ${name}@${version}".`
  );
}

/** The words of the dynamic linkers of the systems, and what they mean. */
/** @type {Array<[RegExp, (target: string) => string]>} */
const REASONS = [
  [
    /\.asar[\\/]/,
    () =>
      'A native file cannot be loaded from inside an Electron archive. Unpack it: "asarUnpack": ["**/*.node"] for ' +
      'electron-builder, packagerConfig.asar = { unpack: "**/*.node" } for Electron Forge.',
  ],
  [
    /version [`']GLIBC_[\d.]+' not found/,
    () =>
      `It needs glibc ${OLDEST_GLIBC} or newer; this system has ${glibcVersion() ?? 'another C library'}.`,
  ],
  [
    /ld-linux|libc\.so\.6|libc\.musl|relocating|symbol not found/i,
    () => 'It was built for the other C library (glibc or musl) than the one of this system.',
  ],
  [
    /\bELF\b|incompatible architecture|mach-o|not a valid Win32|Exec format|image not found/i,
    (target) => `It is no native file of ${target}: another platform's, or a damaged one.`,
  ],
  [
    /failed to map segment/i,
    () => 'The file system does not allow programs (noexec): install to another one.',
  ],
  [/no such file|cannot find|could not be found/i, () => 'The file is not there.'],
];

/** A file that is there and does not load, or one that was named and is not there. */
function unloadable({ file, target, named, cause }) {
  const words = `${file}: ${cause.message}`;
  const reason = REASONS.find(([pattern]) => pattern.test(words));
  const lines = [
    `@softadastra/store cannot load its native module ${file}: ${cause.message}`,
    reason?.[1](target),
    named && `The file was named in the environment, as ${VARIABLE}.`,
  ];
  return failure('invalid_state', lines, file, cause);
}

function otherVersion({ file, found, version, named }) {
  const lines = [
    `@softadastra/store ${version} found a native module of version ${found ?? 'unknown'}: ${file}`,
    named
      ? `The file was named in the environment, as ${VARIABLE}.`
      : `Install both in one version, "npm install @softadastra/store@${version}"; ` +
        'in a source checkout run "npm run build".',
  ];
  return failure('invalid_state', lines, file);
}

module.exports = { VARIABLE, missing, otherVersion, unloadable };
