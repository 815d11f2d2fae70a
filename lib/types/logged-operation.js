'use strict';

const { pieceOf } = require('./bytes.js');
const { invalidArgument } = require('./error.js');
const { OperationDecoder } = require('./operation.js');

const INTERNAL = Symbol('internal');
const inspect = Symbol.for('nodejs.util.inspect.custom');

/** One operation of the history. Most readers pass the payload on, so it is decoded only when that is asked for. */
class LoggedOperation {
  #operation = undefined;

  constructor(token, sequence, payload) {
    if (token !== INTERNAL) {
      throw invalidArgument('a LoggedOperation comes from operations()');
    }
    this.sequence = sequence;
    this.payload = payload;
  }

  get operation() {
    this.#operation ??= OperationDecoder.decode(this.payload).value();
    return this.#operation;
  }

  /** The payload is what an encoder makes of the operation. */
  toJSON() {
    const { sequence, operation } = this;
    return { sequence, operation };
  }

  [inspect](_depth, options, print) {
    const { sequence, payload } = this;
    // Whoever prints it may have given the payload away.
    const decoded = OperationDecoder.decode(payload);
    const operation = decoded.isOk() ? decoded.value() : decoded.error();
    return `LoggedOperation ${print({ sequence, operation, payload }, options)}`;
  }
}

/** The operations of a page, as native code lays it out. Each has its payload to itself, to post it or to give it away. */
function* operationsOf({ firstSequence, payloads, ends, count }) {
  let start = 0;
  for (let at = 0; at < count; at += 1) {
    const end = ends.readUInt32LE(at * 4);
    const payload = count === 1 ? payloads : pieceOf(payloads, start, end);
    yield new LoggedOperation(INTERNAL, firstSequence + at, payload);
    start = end;
  }
}

module.exports = { LoggedOperation, operationsOf };
