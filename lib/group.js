'use strict';

const { SoftadastraError, toError } = require('./error.js');
const { Refusals } = require('./refusal.js');
const { ok, err, later } = require('./result.js');
const { ApplyResult, BatchResult, PutResult, RemoveResult } = require('./results.js');

// One byte per operation of a committed group, as native code reports it.
const CREATED = 0;
const UPDATED = 1;
const DELETED = 2;
const NOTHING_TO_DELETE = 3;
const REFUSED = 4;

/** Waits for the outcome of one `apply`. */
class AppliedWrite {
  constructor(type, key) {
    this.type = type;
    this.key = key;
  }
}

/** Waits for the outcome of one `batch`. */
class BatchWrite {
  constructor(keys) {
    this.keys = keys;
  }
}

/**
 * The calls that one commit makes durable together. A call is its promise's resolve function and a subject: the key
 * of a `put` or `remove` (a bare string, the common case), an AppliedWrite or a BatchWrite.
 */
class Group {
  #resolves = [];
  #subjects = [];
  #size = 0;

  get empty() {
    return this.#resolves.length === 0;
  }

  /** How many operations there are. */
  get size() {
    return this.#size;
  }

  add(resolve, subject) {
    this.#resolves.push(resolve);
    this.#subjects.push(subject);
    this.#size += subject instanceof BatchWrite ? subject.keys.length : 1;
  }

  /** Settles every call with the error of the whole group. */
  fail(raw) {
    const failure = err(toError(raw));
    for (const resolve of this.#resolves) {
      resolve(failure);
    }
  }

  /** Settles every call with its own outcome. Versions are counted up from `firstSequence`. */
  settle(firstSequence, outcomes, refusals) {
    const subjects = this.#subjects;
    const refused = refusals === undefined ? undefined : new Refusals(refusals);
    let version = firstSequence;
    let index = 0;
    for (let i = 0; i < subjects.length; i += 1) {
      const subject = subjects[i];
      const keys = subject instanceof BatchWrite ? subject.keys : undefined;
      const size = keys === undefined ? 1 : keys.length;
      let result;
      if (outcomes[index] >= REFUSED) {
        result = later(refused.next(subject, keys, index));
      } else {
        result = resultOf(subject, outcomes, index, version);
        version += size;
      }
      index += size;
      this.#resolves[i](result);
    }
  }
}

function resultOf(subject, outcomes, index, version) {
  if (typeof subject === 'string') {
    return ok(keyResult(subject, outcomes[index], version));
  }
  if (subject instanceof AppliedWrite) {
    const outcome = outcomes[index];
    return ok(
      new ApplyResult(
        subject.type,
        subject.key,
        version,
        outcome === CREATED,
        outcome === UPDATED,
        outcome === DELETED,
      ),
    );
  }
  const results = subject.keys.map((key, i) => keyResult(key, outcomes[index + i], version + i));
  return ok(new BatchResult(results, version));
}

function keyResult(key, outcome, version) {
  return outcome === DELETED || outcome === NOTHING_TO_DELETE
    ? new RemoveResult(key, version, outcome === DELETED)
    : new PutResult(key, version, outcome === CREATED);
}

/** The error of a batch: that of one of its operations, with the place of the operation as context. */
function batchError(raw, index) {
  const { code, message, context } = toError(raw);
  const place = `operation ${index}`;
  return new SoftadastraError(
    code,
    message,
    context === undefined ? place : `${place}: ${context}`,
  );
}

module.exports = { Group, AppliedWrite, BatchWrite, batchError };
