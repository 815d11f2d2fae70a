'use strict';

const { checkInside, copyOf, isBytes, utf8Of } = require('./bytes.js');
const { isOf, markClass } = require('./copies.js');
const { invalidArgument, toError } = require('./error.js');
const { native } = require('../native/addon.js');
const { isUtf8 } = require('../runtime/runtime.js');

const INTERNAL = Symbol('internal');
const inspect = Symbol.for('nodejs.util.inspect.custom');

/** Wraps a string, or bytes with no other owner, without a check. */
let wrapValue;

/**
 * The string or bytes inside a Value; throws for bytes that lost their memory; passes on anything else, for native code to
 * check.
 */
let unwrapValue;

/** Longer text is cut when it is shown to people. */
const SHOWN = 10_000;
const SHOWN_BYTES = 50;

/**
 * Holds text or, if the content is not text, bytes, and converts to the other form on request. The same bytes are always
 * held the same way, in a plain field, so that comparisons by fields compare contents.
 */
class Value {
  constructor(token, content) {
    if (token !== INTERNAL) {
      throw invalidArgument(
        'a Value is made with Value.fromString(text) or Value.fromBytes(bytes)',
      );
    }
    this.content = content;
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
    const copy = copyOf(bytes);
    return new Value(INTERNAL, isUtf8(copy) ? copy.toString('utf8') : copy);
  }

  toString() {
    const { content } = this;
    return typeof content === 'string' ? content : content.toString('utf8');
  }

  toBytes() {
    const { content } = this;
    return typeof content === 'string' ? utf8Of(content) : copyOf(content);
  }

  toJSON() {
    const { content } = this;
    return typeof content === 'string' ? content : { base64: content.toString('base64') };
  }

  [inspect]() {
    const { content } = this;
    return `Value(${typeof content === 'string' ? shownText(content) : shownBytes(content)})`;
  }

  static {
    wrapValue = (content) => new Value(INTERNAL, content);
    unwrapValue = (value) =>
      typeof value === 'object' && value instanceof Value
        ? insideOf(value.content)
        : contentOfOther(value);
  }
}

markClass(Value, 'Value');

/** The content, unless its memory is gone. */
function insideOf(content) {
  checkInside(content, 'value');
  return content;
}

/** The content of a Value of another copy of this package; anything else unchanged. */
function contentOfOther(value) {
  if (isOf(value, 'Value')) {
    try {
      return copyOf(value.toBytes());
    } catch {
      return value;
    }
  }
  return insideOf(value);
}

function shownText(text) {
  const more = text.length - SHOWN;
  return more > 0
    ? `${JSON.stringify(text.slice(0, SHOWN))}... ${more} more characters`
    : JSON.stringify(text);
}

function shownBytes(bytes) {
  const shown = bytes
    .subarray(0, SHOWN_BYTES)
    .toString('hex')
    .replaceAll(/..(?=.)/g, '$& ');
  const more = bytes.length - SHOWN_BYTES;
  return more > 0 ? `<${shown} ... ${more} more bytes>` : `<${shown}>`;
}

function check(content) {
  checkInside(content, 'value');
  try {
    validateValue(content);
  } catch (raw) {
    throw toError(raw);
  }
}

/** Throws the raw error of a value that no store accepts. Checking a text costs far less than encoding it. */
function validateValue(value) {
  native().validateValue(value, typeof value === 'string' && value.isWellFormed());
}

module.exports = { Value, wrapValue, unwrapValue, validateValue };
