'use strict';

const { Key } = require('../types/key.js');
const { SoftadastraError } = require('../types/error.js');

/** An error with one of the codes that databases of abstract-level share. The store's own error is its cause. */
class LevelError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
}

Object.defineProperty(LevelError.prototype, 'name', {
  value: 'LevelError',
  writable: true,
  configurable: true,
});

const OPEN_CODES = {
  invalid_state: 'LEVEL_LOCKED',
  store_error: 'LEVEL_CORRUPTION',
};

function wrap(error, code) {
  return new LevelError(code, error.message, { cause: error });
}

/** Why a store did not open. A wrong argument is the caller's, and no state of a database. */
function openError(error) {
  return error.code === 'invalid_argument'
    ? error
    : wrap(error, OPEN_CODES[error.code] ?? 'LEVEL_IO_ERROR');
}

/**
 * Why a read or write of these stored keys failed. A wrong argument that is no key is a value. A `poisoned` store
 * is open and has stopped writing, because the disk failed.
 */
function operationError(error, keys, poisoned) {
  if (!(error instanceof SoftadastraError)) {
    return error;
  }
  if (error.code === 'invalid_argument') {
    const wrongKey = keys.some((key) => !new Key(key).isValid());
    return wrap(error, wrongKey ? 'LEVEL_INVALID_KEY' : 'LEVEL_INVALID_VALUE');
  }
  const notOpen = error.code === 'invalid_state' && !poisoned;
  return wrap(error, notOpen ? 'LEVEL_DATABASE_NOT_OPEN' : 'LEVEL_IO_ERROR');
}

module.exports = { LevelError, openError, operationError };
