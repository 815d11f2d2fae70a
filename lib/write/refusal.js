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

  /** The outcome of the next refused write, whose operations begin at `first`. */
  next(write, first) {
    const at = this.#at;
    this.#at += BYTES;
    const place = this.#bytes.readDoubleLE(at) - first;
    const expected = this.#bytes.readDoubleLE(at + 8);
    const found = this.#bytes.readDoubleLE(at + 16);
    const context = write.contextOf(place);
    return expected === 0
      ? failed('already_exists', 'key already exists', context)
      : failed('invalid_state', `version mismatch: expected ${expected}, found ${found}`, context);
  }
}

module.exports = { Refusals };
