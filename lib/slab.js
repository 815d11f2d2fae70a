'use strict';

const { Buffer } = require('./runtime.js');
const SIZE = 64 * 1024;
const NO_ROOM = -1;

/**
 * Reads values as bytes. Native code copies short ones one behind the other into a slab that belongs to JavaScript, and
 * a buffer of the slab is handed out: an allocation for each would cost several times as much. Nothing is handed out
 * twice, and a slab is dropped when it is full.
 */
class SlabReader {
  #get;
  #setSlab;
  #meta;
  #slab = undefined;

  constructor(handle, meta) {
    this.#get = handle.getBytes;
    this.#setSlab = handle.setSlab;
    this.#meta = meta;
  }

  /** The bytes of a value, undefined for a missing key. */
  read(key) {
    let found = this.#get(key);
    if (found === NO_ROOM) {
      this.#slab = Buffer.allocUnsafeSlow(SIZE);
      this.#setSlab(this.#slab);
      found = this.#get(key);
    }
    // A long value comes in a buffer of its own.
    return typeof found === 'number' ? this.#slab.subarray(found, found + this.#meta[0]) : found;
  }
}

module.exports = { SlabReader };
