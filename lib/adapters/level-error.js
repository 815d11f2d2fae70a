'use strict';

const { Key } = require('../key.js');
const { SoftadastraError } = require('../error.js');

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
  io_error: 'LEVEL_IO_ERROR',
};

const CODES = {
  invalid_state: 'LEVEL_DATABASE_NOT_OPEN',
  store_error: 'LEVEL_IO_ERROR',
  io_error: 'LEVEL_IO_ERROR',
};

function wrap(error, code) {
  return code === undefined ? error : new LevelError(code, error.message, { cause: error });
}

/** Why a store did not open. */
function openError(error) {
  return wrap(error, OPEN_CODES[error.code]);
}

/** Why a read or write of these stored keys failed. A wrong argument that is no key is a value. */
function operationError(error, keys) {
  if (!(error instanceof SoftadastraError)) {
    return error;
  }
  if (error.code === 'invalid_argument') {
    const wrongKey = keys.some((key) => !new Key(key).isValid());
    return wrap(error, wrongKey ? 'LEVEL_INVALID_KEY' : 'LEVEL_INVALID_VALUE');
  }
  return wrap(error, CODES[error.code]);
}

module.exports = { LevelError, openError, operationError };
