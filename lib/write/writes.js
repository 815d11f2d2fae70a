'use strict';

const native = require('../native/addon.js');
const { copyOf } = require('../types/bytes.js');
const { ApplyResult, PutResult, RemoveResult } = require('../types/results.js');
const { validateValue } = require('../types/value.js');
const { CREATED, DELETED, UPDATED } = require('./outcomes.js');

// Every kind of write can be staged in native code, be kept while there is no room for it, and make its result of what the
// commit says of its operations. `size` is how many operations it has.

class PutWrite {
  size = 1;

  constructor(key, value, ifVersion) {
    this.key = key;
    this.value = value;
    this.ifVersion = ifVersion;
  }

  stage(handle) {
    return handle.stagePut(this.key, this.value, this.ifVersion);
  }

  keep() {
    native.validateKey(this.key);
    this.value = keepValue(this.value);
  }

  resultOf(outcomes, at, version) {
    return new PutResult(this.key, version, outcomes[at] === CREATED);
  }

  contextOf() {
    return this.key;
  }
}

class RemoveWrite {
  size = 1;

  constructor(key, ifVersion) {
    this.key = key;
    this.ifVersion = ifVersion;
  }

  stage(handle) {
    return handle.stageRemove(this.key, this.ifVersion);
  }

  keep() {
    native.validateKey(this.key);
  }

  resultOf(outcomes, at, version) {
    return new RemoveResult(this.key, version, outcomes[at] === DELETED);
  }

  contextOf() {
    return this.key;
  }
}

/** An operation that was made elsewhere. */
class ApplyWrite {
  size = 1;

  constructor(type, key, value, timestamp) {
    this.type = type;
    this.key = key;
    this.value = value;
    this.timestamp = timestamp;
  }

  stage(handle) {
    return handle.stageApply(this.type, this.key, this.value, this.timestamp);
  }

  keep() {
    native.validateKey(this.key);
    this.value = this.value === undefined ? undefined : keepValue(this.value);
  }

  resultOf(outcomes, at, version) {
    const outcome = outcomes[at];
    const [created, updated, deleted] = [CREATED, UPDATED, DELETED].map((one) => outcome === one);
    return new ApplyResult(this.type, this.key, version, created, updated, deleted);
  }

  contextOf() {
    return this.key;
  }
}

/** A checked value that later changes of the caller's buffer do not reach. */
function keepValue(value) {
  validateValue(value);
  return typeof value === 'string' ? value : copyOf(value);
}

module.exports = { ApplyWrite, PutWrite, RemoveWrite, keepValue };
