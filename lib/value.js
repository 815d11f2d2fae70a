'use strict';

const { invalidArgument, toError } = require('./error.js');
const native = require('./native.js');
const { Buffer } = require('./runtime.js');

const INTERNAL = Symbol('internal');
const inspect = Symbol.for('nodejs.util.inspect.custom');

/** Wraps a string, or bytes that nobody else holds, without looking at it. */
let wrapValue;

/** The string or bytes inside a Value; anything else is passed on as it is, for native code to judge. */
let unwrapValue;

/** Holds what it was made from, text or bytes, and converts to the other form when that is asked for. */
class Value {
  #content;

  constructor(token, content) {
    if (token !== INTERNAL) {
      throw invalidArgument(
        'a Value is made with Value.fromString(text) or Value.fromBytes(bytes)',
      );
    }
    this.#content = content;
  }

  static fromString(text) {
    if (typeof text !== 'string') {
      throw invalidArgument('invalid value: Value.fromString takes a string');
    }
    check(text);
    return new Value(INTERNAL, text);
  }

  static fromBytes(bytes) {
    if (!(bytes instanceof Uint8Array)) {
      throw invalidArgument('invalid value: Value.fromBytes takes a Uint8Array or a Buffer');
    }
    check(bytes);
    return new Value(INTERNAL, Buffer.from(bytes));
  }

  toString() {
    const content = this.#content;
    return typeof content === 'string' ? content : content.toString('utf8');
  }

  toBytes() {
    return Buffer.from(this.#content);
  }

  [inspect]() {
    const content = this.#content;
    return typeof content === 'string'
      ? `Value(${JSON.stringify(content)})`
      : `Value(${content.length} bytes)`;
  }

  static {
    wrapValue = (content) => new Value(INTERNAL, content);
    unwrapValue = (value) =>
      typeof value === 'object' && value !== null && #content in value ? value.#content : value;
  }
}

function check(content) {
  try {
    native.validateValue(content);
  } catch (raw) {
    throw toError(raw);
  }
}

module.exports = { Value, wrapValue, unwrapValue };
