'use strict';

const { builtin } = require('./builtin.js');

/** A program of Linux names the loader of its C library in its first bytes. */
const HEAD_BYTES = 4096;

/** True when this process runs on musl, the C library of Alpine and its relatives. */
function usesMusl() {
  // The report says it too, but takes ten milliseconds.
  const loader = loaderName();
  return loader === undefined ? glibcVersion() === undefined : loader === 'musl';
}

/** `musl` or `linux`, if the program says which loader it has. */
function loaderName() {
  const { closeSync, openSync, readSync } = builtin('fs');
  const head = new Uint8Array(HEAD_BYTES);
  try {
    const file = openSync(process.execPath, 'r');
    try {
      readSync(file, head, 0, HEAD_BYTES, 0);
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
  return /\/ld-(musl|linux)-[^/\0]+\0/.exec(String.fromCharCode(...head))?.[1];
}

/** The version of the GNU C library that this process runs on, if that is the one it runs on. */
function glibcVersion() {
  const report = /** @type {any} */ (process.report);
  const before = report.excludeNetwork;
  // Without this the report resolves the address of every open socket.
  report.excludeNetwork = true;
  try {
    return report.getReport().header.glibcVersionRuntime;
  } finally {
    report.excludeNetwork = before;
  }
}

/** The name of this platform in file and package names, such as `linux-x64-gnu`. */
function targetName() {
  const target = `${process.platform}-${process.arch}`;
  if (process.platform !== 'linux') {
    return target;
  }
  return `${target}-${usesMusl() ? 'musl' : 'gnu'}`;
}

module.exports = { glibcVersion, targetName };
