'use strict';

const { toError } = require('../types/error.js');
const { err, ok } = require('../types/result.js');
const { REFUSED } = require('./outcomes.js');
const { Refusals } = require('./refusal.js');

/** The writes that one commit makes durable together, each with the resolve function of its promise. */
class Group {
  #resolves = [];
  #writes = [];
  #size = 0;

  get empty() {
    return this.#resolves.length === 0;
  }

  /** How many operations there are. */
  get size() {
    return this.#size;
  }

  add(resolve, write) {
    this.#resolves.push(resolve);
    this.#writes.push(write);
    this.#size += write.size;
  }

  /** Settles every write with the error of the whole group. */
  fail(raw) {
    const failure = err(toError(raw));
    for (const resolve of this.#resolves) {
      resolve(failure);
    }
  }

  /** Settles every write with its own outcome. Versions are counted up from `firstSequence`. */
  settle(firstSequence, outcomes, bytes) {
    const refusals = bytes === undefined ? undefined : new Refusals(bytes);
    let version = firstSequence;
    let at = 0;
    for (let i = 0; i < this.#writes.length; i += 1) {
      const write = this.#writes[i];
      let result;
      if (outcomes[at] >= REFUSED) {
        result = refusals.next(write, at);
      } else {
        result = ok(write.resultOf(outcomes, at, version));
        version += write.size;
      }
      at += write.size;
      this.#resolves[i](result);
    }
  }
}

module.exports = { Group };
