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

/** The working directory; undefined when it was removed, or has a name that is no text. */
function workingFolder() {
  try {
    const folder = process.cwd();
    return leadsHere(folder) ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** False for a name with U+FFFD in the place of bytes that are not UTF-8: another folder could have just that name. */
function leadsHere(folder) {
  if (!folder.includes('\ufffd')) {
    return true;
  }
  const [here, there] = ['.', folder].map((path) => statSync(path, { bigint: true }));
  return here.dev === there.dev && here.ino === there.ino;
}

/**
 * The absolute form of a path that can name a log, by the working directory of this moment or the `folder` that was one
 * earlier. The work is done by other threads, later, when the directory may be another one.
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
  // Only Windows resolves `..` by the text alone; elsewhere it leads out of the folder that a link stands for.
  return process.platform === 'win32' ? resolve(folder, path) : `${folder}/${path}`;
}

module.exports = { readPath, workingFolder };
