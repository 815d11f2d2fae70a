'use strict';

const { failed } = require('../types/result.js');

/** Bytes that native code needs for one refusal: four numbers. */
const BYTES = 32;
const UNKNOWN_CONSUMER = 1;
const NOT_ACKNOWLEDGEABLE = 2;

const MISMATCH = 'version mismatch';

/** Reads the refusals of a committed group one after another: one for each refused call, in order. */
class Refusals {
  #bytes;
  #at;

  constructor(bytes, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** Only the last one. */
  static last(bytes) {
    return new Refusals(bytes, bytes.length - BYTES);
  }

  /** The outcome of the next refused write, whose operations begin at `first`. */
  next(write, first) {
    const at = this.#at;
    this.#at += BYTES;
    const place = this.#bytes.readDoubleLE(at) - first;
    const kind = this.#bytes.readDoubleLE(at + 8);
    const expected = this.#bytes.readDoubleLE(at + 16);
    const found = this.#bytes.readDoubleLE(at + 24);
    if (kind === UNKNOWN_CONSUMER || kind === NOT_ACKNOWLEDGEABLE) {
      return refusedAcknowledgement(write.acknowledgement, kind, expected, found);
    }
    const context = write.contextOf(place);
    return expected === 0
      ? failed('already_exists', 'key already exists', context)
      : failed('invalid_state', `${MISMATCH}: expected ${expected}, found ${found}`, context);
  }
}

function refusedAcknowledgement({ name, sequence }, kind, from, to) {
  return kind === UNKNOWN_CONSUMER
    ? failed('not_found', `unknown consumer "${name}"`, name)
    : failed(
        'invalid_argument',
        `consumer "${name}" can acknowledge a sequence from ${from} to ${to}, not ${sequence}`,
      );
}

/** Whether a write failed because the entry had another version than it depends on. */
function isRefusedCondition({ content: { code, message } }) {
  return code === 'already_exists' || (code === 'invalid_state' && message.startsWith(MISMATCH));
}

module.exports = { Refusals, isRefusedCondition };
