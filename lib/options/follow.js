'use strict';

const { invalidArgument } = require('../types/error.js');
const { checkBoolean, checkNames, checkSignal } = require('./check.js');
const { readPath } = require('./path.js');

const NAMES = ['signal', 'wait'];

/** Reads the path and `{ signal, wait }` of `StoreEngine.follow`. */
function readFollowOptions(path, options = {}) {
  if (typeof path === 'object' && path !== null) {
    throw invalidArgument(
      'follow takes the path of a log, which another process writes: a store in memory has none, and how that process keeps its state is not for a follower to say',
      'path',
    );
  }
  checkNames(options, NAMES, 'follow');
  const { signal, wait = false } = options;
  checkSignal(signal);
  checkBoolean(wait, 'wait');
  // Nothing is ever staged.
  const fields = { mode: 'follow', path: readPath(path), wait, stagedBytesLimit: 0 };
  return { fields, signal };
}

module.exports = { readFollowOptions };
