'use strict';

// Finds the native module: a file that the environment names, the build of a source checkout, or the platform's package.

const { version } = require('../../package.json');
const { VARIABLE, missing, otherVersion, unloadable } = require('./advice.js');
const { builtin } = require('./builtin.js');
const { targetName } = require('./platform.js');
const { TARGETS, fileName, packageName } = require('./targets.js');

const fs = builtin('fs');
const path = builtin('path');

/** This folder, unless a bundler took the code out of it. */
const folder = typeof __dirname === 'string' ? __dirname : undefined;
const bundled = folder === undefined || !fs.existsSync(path.join(folder, 'targets.js'));

/** The file of the checkout's own build. One that is there but does not load is the error to report. */
function builtFile(target) {
  const file = bundled ? undefined : path.join(folder, '..', '..', 'npm', fileName(target));
  return file && fs.existsSync(file) ? file : undefined;
}

function packagedFile(target) {
  try {
    return outsideArchive(require.resolve(packageName(target)));
  } catch (cause) {
    const installed = TARGETS.map(({ name }) => name).filter(isInstalled);
    throw missing({ target, installed, bundled, version, cause });
  }
}

function isInstalled(target) {
  try {
    return require.resolve(`${packageName(target)}/package.json`) !== undefined;
  } catch {
    return false;
  }
}

/** The system cannot load a file from inside an Electron archive; packagers lay such files in a folder beside it. */
function outsideArchive(file) {
  const outside = file.replace(/\.asar(?=[\\/])/, '.asar.unpacked');
  return fs.existsSync(outside) ? outside : file;
}

/** Not through `require`, which a bundler may have taken away or replaced. */
function load(file) {
  const made = { exports: {} };
  process.dlopen(made, path.toNamespacedPath(file));
  return made.exports;
}

function loadNative() {
  const target = targetName();
  const named = process.env[VARIABLE];
  const file = named ? path.resolve(named) : (builtFile(target) ?? packagedFile(target));
  let native;
  try {
    native = load(file);
  } catch (cause) {
    throw unloadable({ file, target, named, cause });
  }
  if (native.version !== version) {
    throw otherVersion({ file, found: native.version, version, named });
  }
  return native;
}

module.exports = loadNative();
