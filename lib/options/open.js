'use strict';

const { invalidArgument } = require('../types/error.js');
const { checkNames, checkSignal } = require('./check.js');

const NAMES = ['signal', 'lockTimeoutMs', 'verify'];
const NONE = { signal: undefined, lockTimeoutMs: 0, verifyFirst: false };
const VERIFY = ['first', 'later'];

/** Reads `{ signal, lockTimeoutMs, verify }` of `open` and `recover`. */
function readOpenOptions(options, owner) {
  if (options === undefined) {
    return NONE;
  }
  checkNames(options, NAMES, owner);
  const { signal, lockTimeoutMs = 0, verify = 'later' } = options;
  checkSignal(signal);
  if (typeof lockTimeoutMs !== 'number' || !(lockTimeoutMs >= 0)) {
    throw invalidArgument(
      'lockTimeoutMs must be a number of milliseconds, 0 or more',
      'lockTimeoutMs',
    );
  }
  if (!VERIFY.includes(verify)) {
    throw invalidArgument('verify must be "first" or "later"', 'verify');
  }
  return { signal, lockTimeoutMs, verifyFirst: verify === 'first' };
}

module.exports = { readOpenOptions };
