'use strict';

const { failed } = require('../types/result.js');

/** Bytes that native code needs for one refusal: three numbers. */
const BYTES = 24;

/** Reads the refusals of a committed group one after the other: one for each call that was refused, in their order. */
class Refusals {
  #bytes;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  /** The outcome of the next refused call, whose operations begin at `first`; `keys` are those of a batch. */
  next(key, keys, first) {
    const at = this.#at;
    this.#at += BYTES;
    const expected = this.#bytes.readDoubleLE(at + 8);
    const found = this.#bytes.readDoubleLE(at + 16);
    if (keys === undefined) {
      return refused(expected, found, key);
    }
    const place = this.#bytes.readDoubleLE(at) - first;
    return refused(expected, found, `operation ${place}: ${keys[place]}`);
  }
}

function refused(expected, found, context) {
  return expected === 0
    ? failed('already_exists', 'key already exists', context)
    : failed('invalid_state', `version mismatch: expected ${expected}, found ${found}`, context);
}

module.exports = { Refusals };
