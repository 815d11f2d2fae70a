'use strict';

const { checkInside, copyOf, isBytes, utf8Of } = require('./bytes.js');
const { isOf, markClass } = require('./copies.js');
const { invalidArgument, toError } = require('./error.js');
const native = require('./native.js');

const INTERNAL = Symbol('internal');
const inspect = Symbol.for('nodejs.util.inspect.custom');

/** Wraps a string, or bytes that nobody else holds, without looking at it. */
let wrapValue;

/** The string or bytes inside a Value; throws for bytes that lost their memory; passes anything else on, for native code to judge. */
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
    if (!isBytes(bytes)) {
      throw invalidArgument('invalid value: Value.fromBytes takes a Uint8Array or a Buffer');
    }
    check(bytes);
    return new Value(INTERNAL, copyOf(bytes));
  }

  toString() {
    const content = this.#content;
    return typeof content === 'string' ? content : content.toString('utf8');
  }

  toBytes() {
    const content = this.#content;
    return typeof content === 'string' ? utf8Of(content) : copyOf(content);
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
      typeof value === 'object' && value !== null && #content in value
        ? value.#content
        : contentOfOther(value);
  }
}

markClass(Value, 'Value');

/** The content of a Value of another copy of this package; anything else as it is, unless its memory is gone. */
function contentOfOther(value) {
  if (isOf(value, 'Value')) {
    try {
      return copyOf(value.toBytes());
    } catch {
      return value;
    }
  }
  checkInside(value, 'value');
  return value;
}

function check(content) {
  checkInside(content, 'value');
  try {
    validateValue(native, content);
  } catch (raw) {
    throw toError(raw);
  }
}

/** Throws the raw error of a value that no store takes. Looking at a text costs far less than encoding it. */
function validateValue(addon, value) {
  addon.validateValue(value, typeof value === 'string' && value.isWellFormed());
}

module.exports = { Value, wrapValue, unwrapValue, validateValue };
