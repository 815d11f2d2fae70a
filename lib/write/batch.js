'use strict';

const { native } = require('../native/addon.js');
const { checkInside } = require('../types/bytes.js');
const { isOf } = require('../types/copies.js');
const { SoftadastraError, invalidArgument, toError } = require('../types/error.js');
const { unwrapKey } = require('../types/key.js');
const { readType } = require('../types/operation.js');
const { checkIfVersion, checkNames } = require('../options/check.js');
const { EXPIRY, checkExpiry } = require('../options/expiry.js');
const { NO_ROOM } = require('./staged-groups.js');
const { unwrapValue } = require('../types/value.js');
const { CREATED, DELETED } = require('./outcomes.js');
const { keepValue, stagePut } = require('./writes.js');
const { BatchResult, PutResult, RemoveResult } = require('../types/results.js');

const PUT_FIELDS = ['type', 'key', 'value', 'ifVersion', ...EXPIRY];
const REMOVE_FIELDS = ['type', 'key', 'ifVersion'];
const PLACES = { put: 'a put of a batch', delete: 'a removal of a batch' };

/**
 * The operations of one batch. All are read from what the caller passed before any is staged: reading a field can run the
 * caller's code, which must not see a half-staged batch.
 */
class BatchWrite {
  #puts = [];
  #keys = [];
  #values = [];
  #ifVersions = [];
  #expiries = [];

  constructor(operations) {
    if (!Array.isArray(operations)) {
      throw invalidArgument('batch takes an array of operations');
    }
    const count = operations.length;
    for (let index = 0; index < count; index += 1) {
      try {
        this.#read(operations[index]);
      } catch (error) {
        throw batchError(error, index);
      }
    }
  }

  get size() {
    return this.#keys.length;
  }

  /** Stages everything or nothing. Returns NO_ROOM if too much is waiting already; throws the error of a wrong operation. */
  stage(handle) {
    if (handle.beginBatch() === NO_ROOM) {
      return NO_ROOM;
    }
    for (let index = 0; index < this.#keys.length; index += 1) {
      const key = this.#keys[index];
      const ifVersion = this.#ifVersions[index];
      try {
        if (this.#puts[index]) {
          const value = this.#values[index];
          // The caller's code may have detached it since it was read.
          checkInside(value, 'value');
          stagePut(handle, key, value, ifVersion, this.#expiries[index]);
        } else {
          handle.stageRemove(key, ifVersion);
        }
      } catch (raw) {
        handle.cancelBatch();
        throw batchError(raw, index);
      }
    }
    return handle.endBatch();
  }

  /** Makes the batch independent of the caller's memory while it waits; checks what it keeps. */
  keep() {
    for (let index = 0; index < this.#keys.length; index += 1) {
      try {
        native().validateKey(this.#keys[index]);
        if (this.#puts[index]) {
          this.#values[index] = keepValue(this.#values[index]);
        }
      } catch (raw) {
        throw batchError(raw, index);
      }
    }
  }

  resultOf(outcomes, at, version) {
    const results = this.#keys.map((key, i) => {
      const outcome = outcomes[at + i];
      return this.#puts[i]
        ? new PutResult(key, version + i, outcome === CREATED)
        : new RemoveResult(key, version + i, outcome === DELETED);
    });
    return new BatchResult(results, version);
  }

  contextOf(place) {
    return `operation ${place}: ${this.#keys[place]}`;
  }

  #read(operation) {
    if (isOf(operation, 'Operation')) {
      this.#add(readType(operation.type), operation.key, operation.value, undefined, 0);
      return;
    }
    if (typeof operation !== 'object' || operation === null) {
      throw invalidArgument('an operation must be an Operation or an object');
    }
    const { type: given, key, value, ifVersion, ttlMs, expiresAt } = operation;
    const type = readType(given);
    const fields = type === 'put' ? PUT_FIELDS : REMOVE_FIELDS;
    checkNames(operation, fields, PLACES[type], 'field');
    const expiry = type === 'put' ? checkExpiry(ttlMs, expiresAt) : 0;
    this.#add(type, key, value, ifVersion, expiry);
  }

  #add(type, key, value, ifVersion, expiry) {
    const put = type === 'put';
    this.#puts.push(put);
    this.#keys.push(unwrapKey(key));
    this.#values.push(put ? unwrapValue(value) : undefined);
    this.#ifVersions.push(checkIfVersion(ifVersion));
    this.#expiries.push(expiry);
  }
}

/** The error of a batch: that of one of its operations, with the operation's position as context. */
function batchError(raw, index) {
  const { code, message, context, cause } = toError(raw);
  const place = `operation ${index}`;
  return new SoftadastraError(
    code,
    message,
    context === undefined ? place : `${place}: ${context}`,
    cause === undefined ? undefined : { cause },
  );
}

module.exports = { BatchWrite, batchError };
