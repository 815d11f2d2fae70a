'use strict';

const { invalidArgument, toError } = require('../types/error.js');
const { Operation } = require('../types/operation.js');
const { Buffer, isUtf8 } = require('../runtime/runtime.js');

const PUT = 1;
const TYPE_AT = 1;
const KEY_LENGTH_AT = 2;
const KEY_AT = 6;
const LENGTH = 4;

/** A change of the server as the store applies it. Throws for what no store has: somebody else wrote it. */
function applicationOf({ key, value, made, node, expires }) {
  if (!isUtf8(key)) {
    throw invalidArgument('a key in the tables of the bridge is not UTF-8', key.toString('hex'));
  }
  const text = key.toString();
  const ifNewer = { nodeId: node };
  if (value === null) {
    return { operation: Operation.remove(text, { timestamp: made }), ifNewer };
  }
  const operation = Operation.put(text, value, { timestamp: made });
  return expires === undefined
    ? { operation, ifNewer }
    : { operation, ifNewer, expiresAt: expires };
}

/** The changes that a store can apply; the others are reported. */
function applicationsOf(rows, report) {
  const applications = [];
  for (const row of rows) {
    try {
      applications.push(applicationOf(row));
    } catch (raw) {
      report(toError(raw));
    }
  }
  return applications;
}

/** The parts of a payload, in place: `{ key, value, made }`, without a value for a removal. */
function partsOf(payload) {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  const keyEnd = KEY_AT + bytes.readUInt32LE(KEY_LENGTH_AT);
  const valueAt = keyEnd + LENGTH;
  const valueEnd = valueAt + bytes.readUInt32LE(keyEnd);
  return {
    key: bytes.subarray(KEY_AT, keyEnd),
    value: bytes[TYPE_AT] === PUT ? bytes.subarray(valueAt, valueEnd) : null,
    made: bytes.readBigInt64LE(valueEnd),
  };
}

function sizeOf(rows) {
  return rows.reduce((size, { key, value }) => size + key.length + (value?.length ?? 0), 0);
}

module.exports = { applicationsOf, partsOf, sizeOf };
