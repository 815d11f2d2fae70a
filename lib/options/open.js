'use strict';

const { invalidArgument } = require('../types/error.js');
const { checkNames, checkSignal } = require('./check.js');

const NAMES = ['signal', 'lockTimeoutMs'];
const NONE = { signal: undefined, lockTimeoutMs: 0 };

/** Reads `{ signal, lockTimeoutMs }` of `open` and `recover`. */
function readOpenOptions(options, owner) {
  if (options === undefined) {
    return NONE;
  }
  checkNames(options, NAMES, owner);
  const { signal, lockTimeoutMs = 0 } = options;
  checkSignal(signal);
  if (typeof lockTimeoutMs !== 'number' || !(lockTimeoutMs >= 0)) {
    throw invalidArgument(
      'lockTimeoutMs must be a number of milliseconds, 0 or more',
      'lockTimeoutMs',
    );
  }
  return { signal, lockTimeoutMs };
}

module.exports = { readOpenOptions };
