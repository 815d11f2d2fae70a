'use strict';

const { markClass } = require('./copies.js');

/** Every code that `codeString()` can give, in the order in which the family of engines numbers them. */
const ERROR_CODES = [
  'none',
  'unknown',
  'invalid_argument',
  'invalid_state',
  'not_found',
  'already_exists',
  'io_error',
  'store_error',
  'sync_error',
  'transport_error',
  'discovery_error',
  'metadata_error',
  'internal_error',
];

const KNOWN_CODES = new Set(ERROR_CODES);

class SoftadastraError extends Error {
  constructor(code, message, context, options) {
    super(message, options);
    if (!KNOWN_CODES.has(code)) {
      throw new TypeError(`unknown error code "${String(code)}"`);
    }
    this.code = code;
    this.context = context;
  }

  codeString() {
    return this.code;
  }

  toJSON() {
    const { code, message, context, cause } = this;
    return { code, message, context, cause: told(cause) };
  }
}

/** A cause in JSON: an error that can say more than its message does so itself, anything else becomes text. */
function told(cause) {
  if (cause === undefined || cause instanceof SoftadastraError) {
    return cause;
  }
  try {
    return String(cause);
  } catch {
    return Object.prototype.toString.call(cause);
  }
}

// On the prototype, so that printing an error does not list it as a field of its own.
Object.defineProperty(SoftadastraError.prototype, 'name', {
  value: 'SoftadastraError',
  writable: true,
  configurable: true,
});

markClass(SoftadastraError, 'SoftadastraError');

function invalidArgument(message, context) {
  return new SoftadastraError('invalid_argument', message, context);
}

function invalidState(message, context) {
  return new SoftadastraError('invalid_state', message, context);
}

/** The error of a call that was aborted by its signal. */
function aborted(signal) {
  let cause;
  try {
    cause = signal.reason;
  } catch (thrown) {
    cause = thrown;
  }
  return new SoftadastraError('invalid_state', 'the call was aborted', undefined, { cause });
}

/**
 * Turns whatever native code threw or passed (`{ code, message, context }`), or the caller's code threw, into a
 * SoftadastraError.
 */
function toError(raw) {
  try {
    return errorOf(raw);
  } catch {
    const message = 'something was thrown that cannot be shown';
    return new SoftadastraError('internal_error', message, undefined, { cause: raw });
  }
}

function errorOf(raw) {
  if (raw instanceof SoftadastraError) {
    return raw;
  }
  if (typeof raw === 'object' && raw !== null && KNOWN_CODES.has(raw.code)) {
    return new SoftadastraError(raw.code, String(raw.message), raw.context);
  }
  const message = typeof raw?.message === 'string' ? raw.message : String(raw);
  return new SoftadastraError('internal_error', message, undefined, { cause: raw });
}

module.exports = {
  SoftadastraError,
  ERROR_CODES,
  aborted,
  invalidArgument,
  invalidState,
  toError,
};
