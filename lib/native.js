'use strict';

const fs = require('node:fs');
const path = require('node:path');

/** True when this process runs on musl, the C library of Alpine and its relatives. */
function usesMusl() {
  const report = process.report;
  const before = report.excludeNetwork;
  // Without this the report resolves the address of every open socket.
  report.excludeNetwork = true;
  try {
    return report.getReport().header.glibcVersionRuntime === undefined;
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

function loadNative() {
  const target = targetName();
  const file = path.join(__dirname, '..', 'npm', `softadastra-store.${target}.node`);
  const packageName = `@softadastra/store-${target}`;
  // A file that is there but does not load is the error to report, so it is not skipped.
  if (fs.existsSync(file)) {
    return require(file);
  }
  try {
    return require(packageName);
  } catch (cause) {
    throw new Error(
      `@softadastra/store has no native module for ${target}: looked for the file ${file} ` +
        `and the package ${packageName} (${cause.code ?? cause.message}). ` +
        'Install the optional dependencies of the package, or run "npm run build" in a source checkout.',
      { cause },
    );
  }
}

module.exports = loadNative();
