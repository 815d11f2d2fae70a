'use strict';

const { toError } = require('../types/error.js');
const { err, ok } = require('../types/result.js');
const { REFUSED, taken } = require('./outcomes.js');
const { Refusals } = require('./refusal.js');
const { Step } = require('./waiting.js');
const { PutWrite, putResult } = require('./writes.js');

/**
 * The writes that one commit makes durable together, each after the resolve function of its promise. Of a put only the key
 * is kept: with an object for each and a second array, the collector has a fourth more to do for many outstanding puts.
 */
class Group extends Step {
  #members = [];
  #size = 0;

  get empty() {
    return this.#members.length === 0;
  }

  /** How many operations there are. */
  get size() {
    return this.#size;
  }

  add(resolve, write) {
    this.#members.push(resolve, write);
    this.#size += typeof write === 'string' ? 1 : write.size;
  }

  /** Settles every write with the error of the whole group. */
  fail(raw) {
    const error = toError(raw);
    for (let i = 0; i < this.#members.length; i += 2) {
      this.#members[i](err(error));
    }
  }

  /** Settles every write with its own outcome. Versions are counted up from `firstSequence`. */
  settle(firstSequence, outcomes, bytes) {
    const refusals = bytes === undefined ? undefined : new Refusals(bytes);
    const members = this.#members;
    let version = firstSequence;
    let at = 0;
    for (let i = 0; i < members.length; i += 2) {
      const write = members[i + 1];
      const isPut = typeof write === 'string';
      const size = isPut ? 1 : write.size;
      let result;
      if (outcomes[at] >= REFUSED) {
        result = refusals.next(isPut ? new PutWrite(write) : write, at);
      } else {
        result = ok(
          isPut ? putResult(write, outcomes[at], version) : write.resultOf(outcomes, at, version),
        );
        version += taken(outcomes, at, at + size);
      }
      at += size;
      members[i](result);
    }
  }
}

/** The result of the write whose operations are the last of a committed group. */
function resultOfLast(write, firstSequence, outcomes, bytes) {
  const at = outcomes.length - write.size;
  if (outcomes[at] >= REFUSED) {
    return Refusals.last(bytes).next(write, at);
  }
  const version = firstSequence + taken(outcomes, 0, at);
  return ok(write.resultOf(outcomes, at, version));
}

module.exports = { Group, resultOfLast };
