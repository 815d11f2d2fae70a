'use strict';

const { invalidArgument } = require('./error.js');
const native = require('./native.js');

const inspect = Symbol.for('nodejs.util.inspect.custom');

/** The string inside a Key; anything else is passed on as it is, for native code to judge. */
let unwrapKey;

class Key {
  #text;

  constructor(text) {
    if (typeof text !== 'string') {
      throw invalidArgument('invalid key: key must be a string');
    }
    this.#text = text;
  }

  toString() {
    return this.#text;
  }

  isValid() {
    try {
      native.validateKey(this.#text);
      return true;
    } catch {
      return false;
    }
  }

  [inspect]() {
    return `Key(${JSON.stringify(this.#text)})`;
  }

  static {
    unwrapKey = (key) =>
      typeof key === 'object' && key !== null && #text in key ? key.#text : key;
  }
}

function isString(key) {
  return typeof key === 'string';
}

/** Joining keys would turn anything into text, so what is no key is refused before. */
function textOf(key) {
  const text = unwrapKey(key);
  if (!isString(text)) {
    native.validateKey(text);
  }
  return text;
}

/** The texts of the keys for `getMany`. */
function textsOf(keys) {
  if (!Array.isArray(keys)) {
    throw invalidArgument('getMany takes an array of keys');
  }
  return keys.every(isString) ? keys : keys.map(textOf);
}

module.exports = { Key, textsOf, unwrapKey };
