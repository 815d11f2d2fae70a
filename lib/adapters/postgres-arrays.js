'use strict';

// Arrays as PostgreSQL receives them in binary: `pg` sends a Buffer as it is. As text each byte would be two digits, and be
// searched for what has to be escaped.

const { Buffer } = require('../runtime/runtime.js');

const BYTEA = 17;
const BIGINT = 20;
const HEADER = 20;
const LENGTH = 4;
const MISSING = -1;

function withHeader(bytes, type, count) {
  const array = Buffer.allocUnsafe(HEADER + bytes);
  array.writeInt32BE(1, 0); // dimensions
  array.writeInt32BE(1, 4); // there may be nulls
  array.writeInt32BE(type, 8);
  array.writeInt32BE(count, 12);
  array.writeInt32BE(1, 16); // the first index
  return array;
}

/** `bytea[]` of Buffers and null. */
function byteaArray(values) {
  let bytes = 0;
  for (const value of values) bytes += LENGTH + (value === null ? 0 : value.length);
  const array = withHeader(bytes, BYTEA, values.length);
  let at = HEADER;
  for (const value of values) {
    array.writeInt32BE(value === null ? MISSING : value.length, at);
    at += LENGTH;
    if (value !== null) {
      array.set(value, at);
      at += value.length;
    }
  }
  return array;
}

/** `bigint[]` of BigInts and null. */
function bigintArray(values) {
  const array = withHeader(values.length * (LENGTH + 8), BIGINT, values.length);
  let at = HEADER;
  for (const value of values) {
    array.writeInt32BE(value === null ? MISSING : 8, at);
    at += LENGTH;
    if (value !== null) at = array.writeBigInt64BE(value, at);
  }
  return array.subarray(0, at);
}

module.exports = { bigintArray, byteaArray };
