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

module.exports = { Key, unwrapKey };
