'use strict';

const { pieceOf } = require('./bytes.js');
const { invalidArgument } = require('./error.js');
const { OperationDecoder } = require('./operation.js');

const INTERNAL = Symbol('internal');
const inspect = Symbol.for('nodejs.util.inspect.custom');

/** One operation of the history. Most readers pass the payload on, so it is decoded only on request. */
class LoggedOperation {
  #operation = undefined;

  constructor(token, sequence, payload, endsBatch, nodeId) {
    if (token !== INTERNAL) {
      throw invalidArgument('a LoggedOperation comes from operations()');
    }
    this.sequence = sequence;
    this.payload = payload;
    this.endsBatch = endsBatch;
    this.nodeId = nodeId;
  }

  get operation() {
    this.#operation ??= OperationDecoder.decode(this.payload).value();
    return this.#operation;
  }

  /** The payload is the encoded operation. */
  toJSON() {
    const { sequence, operation, endsBatch, nodeId } = this;
    return { sequence, operation, endsBatch, nodeId };
  }

  [inspect](_depth, options, print) {
    const { sequence, payload, endsBatch, nodeId } = this;
    // The payload may have been transferred before it is printed.
    const decoded = OperationDecoder.decode(payload);
    const operation = decoded.isOk() ? decoded.value() : decoded.error();
    return `LoggedOperation ${print({ sequence, operation, payload, endsBatch, nodeId }, options)}`;
  }
}

/** The operations of a page, as native code lays it out. Each has its own payload, which can be posted or given away. */
function* operationsOf({ firstSequence, payloads, ends, batchEnds, nodes, count }) {
  let start = 0;
  let batches = 0;
  for (let at = 0; at < count; at += 1) {
    const end = ends.readUInt32LE(at * 4);
    const payload = count === 1 ? payloads : pieceOf(payloads, start, end);
    const endsBatch = batches < batchEnds.length && batchEnds.readUInt32LE(batches) === at + 1;
    batches += endsBatch ? 4 : 0;
    const nodeId = nodes && (Number(nodes.readBigUInt64LE(at * 8)) || undefined);
    yield new LoggedOperation(INTERNAL, firstSequence + at, payload, endsBatch, nodeId);
    start = end;
  }
}

module.exports = { LoggedOperation, operationsOf };
