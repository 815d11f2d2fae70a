'use strict';

const { isOf } = require('./copies.js');
const { SoftadastraError, invalidArgument } = require('./error.js');
const { isUnread, markRead, watch } = require('../runtime/unread.js');

const INTERNAL = Symbol('internal');
const inspect = Symbol.for('nodejs.util.inspect.custom');

/**
 * A success with its value, or a failure with a description of its error, both in plain fields for callers who compare
 * or clone results. The error itself, with its stack, is only created on request: missing keys and refused conditions
 * are ordinary.
 */
class Result {
  #error;

  constructor(token, isOk, content, error) {
    if (token !== INTERNAL) {
      throw invalidArgument('a Result is made with Result.ok(value) or Result.err(error)');
    }
    this.ok = isOk;
    this.content = content;
    this.#error = error;
  }

  static ok(value) {
    return ok(value);
  }

  static err(error) {
    if (!isOf(error, 'SoftadastraError')) {
      throw invalidArgument('Result.err takes a SoftadastraError');
    }
    return failureOf(error);
  }

  isOk() {
    return this.ok;
  }

  isErr() {
    return !this.ok;
  }

  value() {
    if (this.ok) {
      return this.content;
    }
    throw this.error();
  }

  error() {
    if (this.ok) {
      throw new SoftadastraError('invalid_state', 'error() was called on a Result that is ok');
    }
    if (this.#error === undefined) {
      const { code, message, context } = this.content;
      this.#error = new SoftadastraError(code, message, context);
    }
    return this.#error;
  }

  toJSON() {
    return this.ok ? { ok: true, value: this.content } : { ok: false, error: this.error() };
  }

  [inspect](_depth, options, print) {
    if (this.ok) {
      return `Result.ok(${print(this.content, options)})`;
    }
    const { code, message } = this.content;
    return `Result.err(${code}: ${message})`;
  }
}

function ok(value) {
  return new Result(INTERNAL, true, value, undefined);
}

/** A failure that the caller gets. */
function err(error) {
  return watched(failureOf(error));
}

function failureOf(error) {
  const { code, message, context, cause } = error;
  return new Result(INTERNAL, false, { code, message, context, cause }, error);
}

/** A failure without a cause, whose error is created on request. */
function failed(code, message, context) {
  const content = { code, message, context, cause: undefined };
  return watched(new Result(INTERNAL, false, content, undefined));
}

/** A read of a missing key, which is nothing to warn about. */
function missing(key) {
  const content = { code: 'not_found', message: 'key not found', context: key, cause: undefined };
  return new Result(INTERNAL, false, content, undefined);
}

/** The field `ok` of a watched failure. Every way to read a result reads it. */
const READ = {
  get() {
    markRead(this);
    return false;
  },
  enumerable: true,
  configurable: true,
};

/** Makes sure that someone hears of a failure. Successes and missing keys pay nothing for that. */
function watched(failure) {
  const { content } = failure;
  if (content.code !== 'not_found' && watch(failure, content)) {
    Object.defineProperty(failure, 'ok', READ);
  }
  return failure;
}

/** Whether a result is a failure. Asking does not count as reading: the caller has yet to read it. */
function isFailure(result) {
  return isUnread(result) || !result.ok;
}

/** Marks a result that no caller gets as read. */
function dismiss(result) {
  markRead(result);
}

module.exports = { Result, dismiss, ok, err, failed, isFailure, missing };
