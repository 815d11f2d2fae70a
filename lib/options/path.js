'use strict';

const { SoftadastraError, invalidArgument } = require('../types/error.js');
const { builtin } = require('../native/builtin.js');

const { isAbsolute, resolve } = builtin('path');
const { statSync } = builtin('fs');
const process = builtin('process');

function checkPath(path) {
  if (typeof path !== 'string') {
    throw invalidArgument('invalid WAL path: path must be a string', 'path');
  }
  if (path === '') {
    throw invalidArgument('invalid WAL path: path is empty', 'path');
  }
  if (path.includes('\0') || !path.isWellFormed()) {
    throw invalidArgument('invalid WAL path: path has characters that no file name can have', path);
  }
}

/** The working directory; undefined if it was removed, or its name is not text. */
function workingFolder() {
  try {
    const folder = process.cwd();
    return leadsHere(folder) ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** False for a name in which U+FFFD stands for bytes that are not UTF-8: another folder could actually have that name. */
function leadsHere(folder) {
  if (!folder.includes('\ufffd')) {
    return true;
  }
  const [here, there] = ['.', folder].map((path) => statSync(path, { bigint: true }));
  return here.dev === there.dev && here.ino === there.ino;
}

/**
 * The absolute form of a path that can name a log, relative to the current working directory, or to `folder`, which was the
 * working directory earlier. Other threads do the work later, when the directory may have changed.
 */
function readPath(path, folder = workingFolder()) {
  checkPath(path);
  if (isAbsolute(path) && process.platform !== 'win32') {
    return path;
  }
  if (folder === undefined) {
    throw new SoftadastraError(
      'io_error',
      `the working directory does not exist or has a name that is not UTF-8, so a relative path leads nowhere: ${path}`,
      path,
    );
  }
  // Only Windows resolves `..` in the text alone; elsewhere it leads out of the folder that a link points to.
  return process.platform === 'win32' ? resolve(folder, path) : `${folder}/${path}`;
}

module.exports = { readPath, workingFolder };
