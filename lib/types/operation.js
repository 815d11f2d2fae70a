'use strict';

const { checkInside, isBytes } = require('./bytes.js');
const { isOf, markClass } = require('./copies.js');
const { invalidArgument, toError } = require('./error.js');
const { unwrapKey } = require('./key.js');
const { native } = require('../native/addon.js');
const { checkNames } = require('../options/check.js');
const { ok, err } = require('./result.js');
const { Value, unwrapValue, wrapValue } = require('./value.js');

const INTERNAL = Symbol('internal');
const TIMESTAMP = ['timestamp'];

/** The type that operations use. The name of the call that makes a removal is accepted too. */
function readType(type) {
  if (type === 'put' || type === 'delete') {
    return type;
  }
  if (type === 'remove') {
    return 'delete';
  }
  throw invalidArgument('the type of an operation must be "put", "delete" or "remove"', 'type');
}

/** A change to one key, made here or elsewhere. */
class Operation {
  constructor(token, type, key, value, timestamp) {
    if (token !== INTERNAL) {
      throw invalidArgument('an Operation is made with Operation.put or Operation.remove');
    }
    this.type = type;
    this.key = key;
    this.value = value;
    this.timestamp = timestamp;
  }

  static put(key, value, options) {
    const held = value instanceof Value ? value : toValue(value);
    const text = checkedKey(key);
    return new Operation(INTERNAL, 'put', text, held, readTimestamp(options, 'Operation.put'));
  }

  static remove(key, options) {
    const text = checkedKey(key);
    return new Operation(
      INTERNAL,
      'delete',
      text,
      undefined,
      readTimestamp(options, 'Operation.remove'),
    );
  }
}

markClass(Operation, 'Operation');

function toValue(given) {
  const content = unwrapValue(given);
  return typeof content === 'string' ? Value.fromString(content) : Value.fromBytes(content);
}

function checkedKey(key) {
  const text = unwrapKey(key);
  try {
    native().validateKey(text);
  } catch (raw) {
    throw toError(raw);
  }
  return text;
}

function readTimestamp(options, owner) {
  if (options === undefined) {
    return native().now();
  }
  checkNames(options, TIMESTAMP, owner);
  const { timestamp = native().now() } = options;
  if (!Number.isSafeInteger(timestamp)) {
    throw invalidArgument('timestamp must be a whole number of milliseconds', 'timestamp');
  }
  return timestamp;
}

// biome-ignore lint/complexity/noStaticOnlyClass: the published API is a class with a static method
class OperationEncoder {
  static encode(operation) {
    if (!isOf(operation, 'Operation')) {
      return err(invalidArgument('OperationEncoder.encode takes an Operation'));
    }
    const { type, key, value, timestamp } = operation;
    try {
      const held = readType(type);
      return ok(native().encodeOperation(held, unwrapKey(key), unwrapValue(value), timestamp));
    } catch (raw) {
      return err(toError(raw));
    }
  }
}

// biome-ignore lint/complexity/noStaticOnlyClass: the published API is a class with a static method
class OperationDecoder {
  static decode(payload) {
    if (!isBytes(payload)) {
      return err(invalidArgument('invalid payload: payload must be a Uint8Array or a Buffer'));
    }
    try {
      checkInside(payload, 'payload');
      const [type, key, content, timestamp] = native().decodeOperation(payload);
      // Past this the number would be rounded, and would not encode back to the same bytes.
      if (!Number.isSafeInteger(timestamp)) {
        return err(invalidArgument('invalid payload: timestamp is too large for JavaScript'));
      }
      const value = content === undefined ? undefined : wrapValue(content);
      return ok(new Operation(INTERNAL, type, key, value, timestamp));
    } catch (raw) {
      return err(toError(raw));
    }
  }
}

/** The operation that `apply` was given, as an operation or as its payload. */
function readOperation(given) {
  if (isBytes(given)) {
    return OperationDecoder.decode(given).value();
  }
  if (!isOf(given, 'Operation')) {
    throw invalidArgument('apply takes an Operation or its payload');
  }
  return given;
}

module.exports = { Operation, OperationEncoder, OperationDecoder, readOperation, readType };
