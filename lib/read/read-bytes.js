'use strict';

const { Buffer } = require('../runtime/runtime.js');

const { apply } = Reflect;
const { allocUnsafeSlow } = Buffer;
const { set } = Object.getPrototypeOf(Uint8Array.prototype);
const ByteArray = Uint8Array;

/** Where native code writes a short value. It is read before the next call, so one buffer serves all stores. */
const memory = new ArrayBuffer(4096);

/** Views of the beginning of `memory`, by length. */
const views = [];

/**
 * The bytes of a value in memory of their own; undefined for a missing key. Posting or cloning a view sends all its memory,
 * and transferring takes that memory away, so none is shared. A short value is copied through `memory`, because JavaScript
 * creates a buffer faster than native code does, above all one of up to 64 bytes.
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
