'use strict';

const { SoftadastraError } = require('./error.js');

/** Bytes that native code needs for one refusal: three numbers. */
const BYTES = 24;

/** A condition that did not hold. Its error is made when it is asked for: there can be a hundred thousand at once. */
class Refusal {
  #key;
  #expected;
  #found;
  #place;

  /** `place` is that of the operation in its batch, undefined outside any. */
  constructor(key, expected, found, place) {
    this.#key = key;
    this.#expected = expected;
    this.#found = found;
    this.#place = place;
  }

  toError() {
    const context =
      this.#place === undefined ? this.#key : `operation ${this.#place}: ${this.#key}`;
    return this.#expected === 0
      ? new SoftadastraError('already_exists', 'key already exists', context)
      : new SoftadastraError(
          'invalid_state',
          `version mismatch: expected ${this.#expected}, found ${this.#found}`,
          context,
        );
  }
}

/** Reads the refusals of a committed group one after the other: one for each call that was refused, in their order. */
class Refusals {
  #bytes;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  /** The refusal of the next refused call, whose operations begin at `first`; `keys` are those of a batch. */
  next(key, keys, first) {
    const at = this.#at;
    this.#at += BYTES;
    const expected = this.#bytes.readDoubleLE(at + 8);
    const found = this.#bytes.readDoubleLE(at + 16);
    if (keys === undefined) {
      return new Refusal(key, expected, found);
    }
    const place = this.#bytes.readDoubleLE(at) - first;
    return new Refusal(keys[place], expected, found, place);
  }
}

module.exports = { Refusals };
