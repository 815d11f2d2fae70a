'use strict';

const { SoftadastraError, invalidArgument } = require('./error.js');
const { checkNames } = require('./options.js');

const NAMES = ['signal', 'lockTimeoutMs'];
const NONE = { signal: undefined, lockTimeoutMs: 0 };

/** Reads `{ signal, lockTimeoutMs }` of `open` and `recover`. */
function readOpenOptions(options, owner) {
  if (options === undefined) {
    return NONE;
  }
  checkNames(options, NAMES, owner);
  const { signal, lockTimeoutMs = 0 } = options;
  if (signal !== undefined && !isSignal(signal)) {
    throw invalidArgument('signal must be an AbortSignal', 'signal');
  }
  if (typeof lockTimeoutMs !== 'number' || !(lockTimeoutMs >= 0)) {
    throw invalidArgument(
      'lockTimeoutMs must be a number of milliseconds, 0 or more',
      'lockTimeoutMs',
    );
  }
  return { signal, lockTimeoutMs };
}

/** Also one of another realm, or of a library. */
function isSignal(signal) {
  return (
    typeof signal === 'object' &&
    signal !== null &&
    typeof signal.aborted === 'boolean' &&
    typeof signal.addEventListener === 'function' &&
    typeof signal.removeEventListener === 'function'
  );
}

function aborted(signal) {
  return new SoftadastraError('invalid_state', 'the call was aborted', undefined, {
    cause: signal.reason,
  });
}

module.exports = { readOpenOptions, aborted };
