'use strict';

/** True when this process runs on musl, the C library of Alpine and its relatives. */
function usesMusl() {
  return process.platform === 'linux' && glibcVersion() === undefined;
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
