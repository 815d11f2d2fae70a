'use strict';

const { Buffer } = require('../runtime/runtime.js');
const { OWN_KEYS } = require('./postgres-notes.js');
const { partsOf } = require('./postgres-rows.js');

/** After the end of a group, a batch of this size is sent. */
const ENOUGH_OPERATIONS = 4096;
const ENOUGH_BYTES = 4 * 1024 * 1024;

/** What one call can send: larger batches of the store travel in parts. */
const MOST_OPERATIONS = 65_536;
const MOST_BYTES = 64 * 1024 * 1024;

/** So much that concerns nobody else is passed over before that is stored, to let go of the log. */
const PASSED = 1000;

const BRIDGES = Buffer.from(OWN_KEYS);

/** Operations of the history that are sent together: of each key the last. */
class OutBatch {
  #nodeId;
  #prefix;
  #resend;
  #operations = new Map();
  #bytes = 0;
  #passed = 0;
  /** Sequence of the last operation of the history in it. */
  last = 0;
  /** Whether nothing of a batch of the store is missing. */
  isWhole = true;
  /** Whether this node has to read it as well: it stored these operations under another id. */
  forAll = false;

  constructor({ nodeId, prefix, resend }) {
    this.#nodeId = nodeId;
    this.#prefix = Buffer.from(prefix);
    this.#resend = resend;
  }

  get operations() {
    return [...this.#operations.values()];
  }

  get isEmpty() {
    return this.#operations.size === 0;
  }

  get isEnough() {
    return this.#operations.size >= ENOUGH_OPERATIONS || this.#bytes >= ENOUGH_BYTES;
  }

  /** Whether it has to be sent even if it is not whole. */
  get isFull() {
    return this.#operations.size >= MOST_OPERATIONS || this.#bytes >= MOST_BYTES;
  }

  /** Whether it is time to store that there was nothing to send. */
  get isPassed() {
    return this.#passed >= PASSED || this.#bytes >= ENOUGH_BYTES;
  }

  add({ sequence, payload, endsBatch, nodeId }) {
    this.last = sequence;
    this.isWhole = endsBatch;
    this.#bytes += payload.length;
    const operation = this.#read(sequence, payload, nodeId);
    if (operation === undefined) {
      this.#passed += 1;
      return;
    }
    this.forAll ||= nodeId !== this.#nodeId;
    const name = operation.key.latin1Slice();
    // The last operation of a key takes the place that it has in the history.
    this.#operations.delete(name);
    this.#operations.set(name, operation);
  }

  /** What is to be sent: all that was written here, and what was stored without the id of a node. */
  #read(sequence, payload, nodeId) {
    const isOwn = nodeId === this.#nodeId;
    if (!isOwn && nodeId !== undefined && sequence > this.#resend) {
      return undefined;
    }
    const { key, value, made } = partsOf(payload);
    // A removal without a node is that of an entry that has expired: so it has on every node.
    const isSweep = nodeId === undefined && value === null;
    if (isSweep || !startsWith(key, this.#prefix) || startsWith(key, BRIDGES)) {
      return undefined;
    }
    return { key, value, made, node: BigInt(nodeId ?? this.#nodeId), expires: null, sequence };
  }
}

function startsWith(bytes, start) {
  return (
    bytes.length >= start.length && bytes.compare(start, 0, start.length, 0, start.length) === 0
  );
}

module.exports = { ENOUGH_BYTES, ENOUGH_OPERATIONS, OutBatch };
