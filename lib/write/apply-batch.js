'use strict';

const { checkInside } = require('../types/bytes.js');
const { invalidArgument } = require('../types/error.js');
const { BatchResult } = require('../types/results.js');
const { batchError } = require('./batch.js');
const { NO_ROOM } = require('./staged-groups.js');

/**
 * Operations from elsewhere that are one batch here. All are read from what the caller passed, by `read`, before any is
 * staged, as those of a `BatchWrite` are.
 */
class ApplyBatchWrite {
  #writes = [];
  #acknowledgement;

  /** `acknowledgement` of a consumer, `{ name, sequence }`, is stored with the operations. */
  constructor(operations, read, acknowledgement) {
    this.#acknowledgement = acknowledgement;
    if (!Array.isArray(operations)) {
      throw invalidArgument('applyBatch takes an array of operations');
    }
    const count = operations.length;
    for (let index = 0; index < count; index += 1) {
      at(index, () => this.#writes.push(read(operations[index])));
    }
  }

  get size() {
    return this.#writes.length;
  }

  get acknowledgement() {
    return this.#acknowledgement;
  }

  /** Stages everything or nothing. Returns NO_ROOM if too much is waiting already; throws the error of a wrong operation. */
  stage(handle) {
    if (handle.beginBatch() === NO_ROOM) {
      return NO_ROOM;
    }
    try {
      if (this.#acknowledgement !== undefined) {
        const { name, sequence } = this.#acknowledgement;
        handle.stageAcknowledgement(name, sequence);
      }
      this.#each((write) => {
        // The caller's code may have detached it since it was read.
        checkInside(write.value, 'value');
        write.stage(handle);
      });
    } catch (error) {
      handle.cancelBatch();
      throw error;
    }
    return handle.endBatch();
  }

  keep() {
    this.#each((write) => write.keep());
  }

  resultOf(outcomes, first, version) {
    let next = version;
    const results = this.#writes.map((write, i) => {
      const result = write.resultOf(outcomes, first + i, next);
      next += result.applied ? 1 : 0;
      return result;
    });
    return new BatchResult(results, version, next - version);
  }

  contextOf(place) {
    return `operation ${place}: ${this.#writes[place].key}`;
  }

  #each(work) {
    this.#writes.forEach((write, index) => {
      at(index, () => work(write));
    });
  }
}

/** Does the work for one operation; its error says which. */
function at(index, work) {
  try {
    work();
  } catch (raw) {
    throw batchError(raw, index);
  }
}

module.exports = { ApplyBatchWrite };
