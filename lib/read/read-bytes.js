'use strict';

const { Buffer } = require('../runtime/runtime.js');

const { apply } = Reflect;
const { allocUnsafeSlow } = Buffer;
const { set } = Object.getPrototypeOf(Uint8Array.prototype);
const ByteArray = Uint8Array;

/** Where native code writes a short value. It is read before the next call, so one place serves all stores. */
const memory = new ArrayBuffer(4096);

/** The beginning of `memory`, by length. */
const views = [];

/**
 * The bytes of a value in memory of its own, undefined for a missing key: what is posted or cloned takes all of its memory
 * with it, and what is transferred takes it away. A short value is copied by way of `memory`, because JavaScript makes a
 * buffer in less time than native code does, above all one of up to 64 bytes.
 */
function readBytes(getBytes, key) {
  const found = getBytes(key, memory);
  if (typeof found !== 'number') {
    return found;
  }
  const bytes = allocUnsafeSlow(found);
  views[found] ??= new ByteArray(memory, 0, found);
  apply(set, bytes, [views[found]]);
  return bytes;
}

module.exports = { readBytes };
