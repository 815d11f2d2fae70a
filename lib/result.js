'use strict';

const { isOf } = require('./copies.js');
const { SoftadastraError, invalidArgument } = require('./error.js');

const OK = 0;
const ERR = 1;
// A missing key and a refused condition are ordinary, so their errors (and the stacks that go with them) are only made
// on demand.
const MISSING = 2;
const LATER = 3;

const INTERNAL = Symbol('internal');
const inspect = Symbol.for('nodejs.util.inspect.custom');

class Result {
  #kind;
  #payload;

  constructor(token, kind, payload) {
    if (token !== INTERNAL) {
      throw invalidArgument('a Result is made with Result.ok(value) or Result.err(error)');
    }
    this.#kind = kind;
    this.#payload = payload;
  }

  static ok(value) {
    return new Result(INTERNAL, OK, value);
  }

  static err(error) {
    if (!isOf(error, 'SoftadastraError')) {
      throw invalidArgument('Result.err takes a SoftadastraError');
    }
    return new Result(INTERNAL, ERR, error);
  }

  isOk() {
    return this.#kind === OK;
  }

  isErr() {
    return this.#kind !== OK;
  }

  value() {
    if (this.#kind === OK) {
      return this.#payload;
    }
    throw this.error();
  }

  error() {
    if (this.#kind === OK) {
      throw new SoftadastraError('invalid_state', 'error() was called on a Result that is ok');
    }
    if (this.#kind === MISSING) {
      this.#payload = new SoftadastraError('not_found', 'key not found', this.#payload);
      this.#kind = ERR;
    } else if (this.#kind === LATER) {
      this.#payload = this.#payload.toError();
      this.#kind = ERR;
    }
    return this.#payload;
  }

  [inspect](_depth, options, print) {
    if (this.#kind === OK) {
      return `Result.ok(${print(this.#payload, options)})`;
    }
    const error = this.error();
    return `Result.err(${error.code}: ${error.message})`;
  }
}

function ok(value) {
  return new Result(INTERNAL, OK, value);
}

function err(error) {
  return new Result(INTERNAL, ERR, error);
}

/** The outcome of reading a key that is not there; the error is made when it is asked for. */
function missing(key) {
  return new Result(INTERNAL, MISSING, key);
}

/** A failure whose error `cause.toError()` makes when it is asked for. */
function later(cause) {
  return new Result(INTERNAL, LATER, cause);
}

module.exports = { Result, ok, err, missing, later };
