'use strict';

// Finds the native module: a file named in the environment, the build of a source checkout, or the platform's package.
// It is loaded when something needs it: a program that may need a store, or needs only the types, starts sooner.

const { version } = require('../../package.json');
const { VARIABLE, missing, otherVersion, unloadable } = require('./advice.js');
const { builtin } = require('./builtin.js');
const { targetName } = require('./platform.js');
const { TARGETS, fileName, packageName } = require('./targets.js');

const fs = builtin('fs');
const path = builtin('path');

/** The folder of the package: two above this file in a checkout, that of the one file in a release. None in a foreign bundle. */
function ownFolder() {
  if (typeof __dirname !== 'string') return undefined;
  const near = [path.join(__dirname, '..', '..'), __dirname];
  return near.find((folder) => fs.existsSync(path.join(folder, 'index.d.mts')));
}

/** The checkout's own build. If it exists but does not load, that is the error to report. */
function builtFile(folder, target) {
  const file = folder && path.join(folder, 'npm', fileName(target));
  return file && fs.existsSync(file) ? file : undefined;
}

function packagedFile(folder, target) {
  try {
    return outsideArchive(require.resolve(packageName(target)));
  } catch (cause) {
    const installed = TARGETS.map(({ name }) => name).filter(isInstalled);
    throw missing({ target, installed, bundled: folder === undefined, version, cause });
  }
}

function isInstalled(target) {
  try {
    return require.resolve(`${packageName(target)}/package.json`) !== undefined;
  } catch {
    return false;
  }
}

/** The system cannot load a file from inside an Electron archive; packagers put such files in a folder beside it. */
function outsideArchive(file) {
  const outside = file.replace(/\.asar(?=[\\/])/, '.asar.unpacked');
  return fs.existsSync(outside) ? outside : file;
}

/** Without `require`, which a bundler may have removed or replaced. */
function load(file) {
  const made = { exports: {} };
  process.dlopen(made, path.toNamespacedPath(file));
  return made.exports;
}

function loadNative() {
  const target = targetName();
  const named = process.env[VARIABLE];
  const folder = ownFolder();
  const file = named
    ? path.resolve(named)
    : (builtFile(folder, target) ?? packagedFile(folder, target));
  let found;
  try {
    found = load(file);
  } catch (cause) {
    throw unloadable({ file, target, named, cause });
  }
  if (found.version !== version) {
    throw otherVersion({ file, found: found.version, version, named });
  }
  return found;
}

let loaded;

/** The native module. */
function native() {
  loaded ??= loadNative();
  return loaded;
}

module.exports = { native };
