'use strict';

const { isOf } = require('./copies.js');
const { SoftadastraError, invalidArgument } = require('./error.js');

const INTERNAL = Symbol('internal');
const inspect = Symbol.for('nodejs.util.inspect.custom');

/**
 * A success with its value, or a failure with a description of its error, both in plain fields for those who compare
 * or clone results. The error itself, and the stack that goes with it, is only made once it is asked for: a missing key
 * and a refused condition are ordinary.
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
    return err(error);
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

function err(error) {
  const { code, message, context, cause } = error;
  return new Result(INTERNAL, false, { code, message, context, cause }, error);
}

/** A failure without a cause, whose error is made when it is asked for. */
function failed(code, message, context) {
  return new Result(INTERNAL, false, { code, message, context, cause: undefined }, undefined);
}

/** A read of a key that is not there. */
function missing(key) {
  return failed('not_found', 'key not found', key);
}

module.exports = { Result, ok, err, failed, missing };
