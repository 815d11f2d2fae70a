'use strict';

const { Key } = require('../types/key.js');
const { SoftadastraError } = require('../types/error.js');

/** An error with one of the codes that abstract-level databases share. The store's own error is its cause. */
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

/** Why a store did not open. A wrong argument is the caller's mistake, not a state of the database. */
function openError(error) {
  return error.code === 'invalid_argument'
    ? error
    : wrap(error, OPEN_CODES[error.code] ?? 'LEVEL_IO_ERROR');
}

/** Whether a store is open but has stopped writing because the disk failed. */
function isPoisoned(engine) {
  try {
    return engine.stats().poisoned;
  } catch {
    return false;
  }
}

/** Why a read or write of these stored keys failed. If an argument is wrong and all keys are valid, it is the value. */
function operationError(error, keys, engine) {
  if (!(error instanceof SoftadastraError)) {
    return error;
  }
  if (error.code === 'invalid_argument') {
    const wrongKey = keys.some((key) => !new Key(key).isValid());
    return wrap(error, wrongKey ? 'LEVEL_INVALID_KEY' : 'LEVEL_INVALID_VALUE');
  }
  const notOpen = error.code === 'invalid_state' && !isPoisoned(engine);
  return wrap(error, notOpen ? 'LEVEL_DATABASE_NOT_OPEN' : 'LEVEL_IO_ERROR');
}

module.exports = { LevelError, openError, operationError };
