'use strict';

const native = require('../native/addon.js');
const { checkInside } = require('../types/bytes.js');
const { isOf } = require('../types/copies.js');
const { SoftadastraError, invalidArgument, toError } = require('../types/error.js');
const { unwrapKey } = require('../types/key.js');
const { checkIfVersion, checkNames } = require('../options/check.js');
const { NO_ROOM } = require('./staged-groups.js');
const { unwrapValue } = require('../types/value.js');
const { CREATED, DELETED } = require('./outcomes.js');
const { keepValue } = require('./writes.js');
const { BatchResult, PutResult, RemoveResult } = require('../types/results.js');

const PUT_FIELDS = ['type', 'key', 'value', 'ifVersion'];
const REMOVE_FIELDS = ['type', 'key', 'ifVersion'];
const PLACES = { put: 'a put of a batch', remove: 'a remove of a batch' };

/**
 * The operations of one batch, read out of what the caller passed before any of them is staged: reading a field can run
 * code of the caller's, which must not find a half staged batch.
 */
class BatchWrite {
  #puts = [];
  #keys = [];
  #values = [];
  #ifVersions = [];

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

  /** Stages everything or nothing. Returns NO_ROOM when too much waits already; throws the error of a wrong operation. */
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
          // The caller's code that ran since it was read may have taken its memory away.
          checkInside(value, 'value');
          handle.stagePut(key, value, ifVersion);
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

  /** Makes the batch independent of the caller's memory, while it has to wait; checks what it keeps. */
  keep() {
    for (let index = 0; index < this.#keys.length; index += 1) {
      try {
        native.validateKey(this.#keys[index]);
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
      this.#add(operation.type === 'put', operation.key, operation.value, undefined);
      return;
    }
    if (typeof operation !== 'object' || operation === null) {
      throw invalidArgument('an operation must be an Operation or an object');
    }
    const { type, key, value, ifVersion } = operation;
    if (type !== 'put' && type !== 'remove') {
      throw invalidArgument('the type of an operation must be "put" or "remove"');
    }
    const fields = type === 'put' ? PUT_FIELDS : REMOVE_FIELDS;
    checkNames(operation, fields, PLACES[type], 'field');
    this.#add(type === 'put', key, value, ifVersion);
  }

  #add(put, key, value, ifVersion) {
    this.#puts.push(put);
    this.#keys.push(unwrapKey(key));
    this.#values.push(put ? unwrapValue(value) : undefined);
    this.#ifVersions.push(checkIfVersion(ifVersion));
  }
}

/** The error of a batch: that of one of its operations, with the place of the operation as context. */
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

module.exports = { BatchWrite };
