'use strict';

const { isOf, markClass } = require('./copies.js');
const { invalidArgument } = require('./error.js');
const { native } = require('../native/addon.js');

const inspect = Symbol.for('nodejs.util.inspect.custom');

/** The string inside a Key; anything else is passed on unchanged, for native code to check. */
let unwrapKey;

class Key {
  constructor(text) {
    if (typeof text !== 'string') {
      throw invalidArgument('invalid key: key must be a string');
    }
    this.text = text;
  }

  toString() {
    return this.text;
  }

  isValid() {
    const { validateKey } = native();
    try {
      validateKey(this.text);
      return true;
    } catch {
      return false;
    }
  }

  toJSON() {
    return this.text;
  }

  [inspect]() {
    return `Key(${JSON.stringify(this.text)})`;
  }

  static {
    unwrapKey = (key) =>
      typeof key === 'object' && key instanceof Key ? key.text : textOfOther(key);
  }
}

markClass(Key, 'Key');

/** The text of a Key of another copy of this package; anything else unchanged. */
function textOfOther(key) {
  if (!isOf(key, 'Key')) {
    return key;
  }
  try {
    return key.toString();
  } catch {
    return key;
  }
}

/** `every` would skip the holes of an array. */
function areStrings(keys) {
  for (let at = 0; at < keys.length; at += 1) {
    if (typeof keys[at] !== 'string') {
      return false;
    }
  }
  return true;
}

/** Joining keys would turn anything into text, so anything that is not a key is refused first. */
function textOf(key) {
  const text = unwrapKey(key);
  if (typeof text !== 'string') {
    native().validateKey(text);
  }
  return text;
}

/** The texts of the keys for `getMany`, in an array with the language's own methods. */
function textsOf(keys) {
  if (!Array.isArray(keys)) {
    throw invalidArgument('getMany takes an array of keys');
  }
  if (keys.constructor === Array && areStrings(keys)) {
    return keys;
  }
  const texts = [];
  for (let at = 0; at < keys.length; at += 1) {
    texts.push(textOf(keys[at]));
  }
  return texts;
}

module.exports = { Key, textsOf, unwrapKey };
