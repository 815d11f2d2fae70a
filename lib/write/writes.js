'use strict';

const { native } = require('../native/addon.js');
const { copyOf } = require('../types/bytes.js');
const { ApplyResult, PutResult, RemoveResult } = require('../types/results.js');
const { validateValue } = require('../types/value.js');
const { CREATED, DELETED, OUTDATED, UPDATED } = require('./outcomes.js');

// Every kind of write can be staged in native code, kept while there is no room for it, and turned into a result once its
// operations are committed. `size` is how many operations it has.

class PutWrite {
  size = 1;

  constructor(key, value, ifVersion, expiresAt = 0) {
    this.key = key;
    this.value = value;
    this.ifVersion = ifVersion;
    this.expiresAt = expiresAt;
  }

  stage(handle) {
    return stagePut(handle, this.key, this.value, this.ifVersion, this.expiresAt);
  }

  keep() {
    native().validateKey(this.key);
    this.value = keepValue(this.value);
  }

  resultOf(outcomes, at, version) {
    return putResult(this.key, outcomes[at], version);
  }

  contextOf() {
    return this.key;
  }
}

/** Stages a put; its entry expires then, unless that is 0. */
function stagePut(handle, key, value, ifVersion, expiresAt) {
  return expiresAt === 0
    ? handle.stagePut(key, value, ifVersion)
    : handle.stageExpiring(key, value, ifVersion, expiresAt);
}

/** The result of a put. */
function putResult(key, outcome, version) {
  return new PutResult(key, version, outcome === CREATED);
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
    native().validateKey(this.key);
  }

  resultOf(outcomes, at, version) {
    return new RemoveResult(this.key, version, outcomes[at] === DELETED);
  }

  contextOf() {
    return this.key;
  }
}

/** An operation from elsewhere. */
class ApplyWrite {
  size = 1;

  constructor({ type, key, value, timestamp }, ifVersion, expiresAt, ifNewer) {
    this.type = type;
    this.key = key;
    this.value = value;
    this.timestamp = timestamp;
    this.ifVersion = ifVersion;
    this.expiresAt = expiresAt;
    this.nodeId = ifNewer === undefined ? 0 : ifNewer.nodeId;
    this.maxAheadMs = ifNewer === undefined ? -1 : ifNewer.maxAheadMs;
  }

  stage(handle) {
    const { type, key, value, timestamp, ifVersion, expiresAt } = this;
    const { nodeId, maxAheadMs } = this;
    return handle.stageApply(type, key, value, timestamp, ifVersion, expiresAt, nodeId, maxAheadMs);
  }

  keep() {
    native().validateKey(this.key);
    this.value = this.value === undefined ? undefined : keepValue(this.value);
  }

  resultOf(outcomes, at, version) {
    const outcome = outcomes[at];
    const [created, updated, deleted] = [CREATED, UPDATED, DELETED].map((one) => outcome === one);
    const applied = outcome < OUTDATED;
    const sequence = applied ? version : 0;
    return new ApplyResult(this.type, this.key, sequence, applied, created, updated, deleted);
  }

  contextOf() {
    return this.key;
  }
}

/** A checked value that does not change with the caller's buffer. */
function keepValue(value) {
  validateValue(value);
  return typeof value === 'string' ? value : copyOf(value);
}

module.exports = { ApplyWrite, PutWrite, RemoveWrite, keepValue, putResult, stagePut };
