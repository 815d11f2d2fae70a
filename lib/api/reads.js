'use strict';

const { entryOf } = require('../types/entry.js');
const { toError } = require('../types/error.js');
const { textsOf, unwrapKey } = require('../types/key.js');
const { OPEN } = require('../write/lifecycle.js');
const { pageLoader } = require('./loading.js');
const { getMany } = require('../read/many.js');
const { readBytes } = require('../read/read-bytes.js');
const { ok, err, missing } = require('../types/result.js');
const { EntryIterator, KeyIterator, ValueIterator } = require('../read/scan.js');
const { readRange } = require('../options/range.js');
const { snapshotOf } = require('./snapshot.js');
const { statsOf } = require('./stats.js');

/** Where native code writes version, timestamp and expiry. They are read before the next call, so one serves all stores. */
const numbers = new Float64Array(3);
const numbersMemory = numbers.buffer;

/** The calls of a store that read what is in memory. */
class Reads {
  #handle;
  #life;
  // What brings pages of a scan into memory, where not all of them are there.
  #load;
  // Bound once, and kept as fields of their own, because these are the calls that hot loops make.
  #nativeGet;
  #nativeGetString;
  #nativeGetBytes;

  constructor(handle, life, pages) {
    this.#handle = handle;
    this.#life = life;
    this.#load = pages ? pageLoader(handle) : undefined;
    this.#nativeGet = handle.get;
    this.#nativeGetString = handle.getString;
    this.#nativeGetBytes = handle.getBytes;
  }

  get(key) {
    if (this.#life.state !== OPEN) {
      return err(this.#life.notOpen());
    }
    try {
      const text = typeof key === 'string' ? key : unwrapKey(key);
      const content = this.#nativeGet(text, numbersMemory);
      return content === undefined
        ? missing(text)
        : ok(entryOf(text, content, numbers[0], numbers[1], numbers[2]));
    } catch (raw) {
      return err(toError(raw));
    }
  }

  getString(key) {
    this.#life.assertOpen();
    try {
      return this.#nativeGetString(typeof key === 'string' ? key : unwrapKey(key));
    } catch (raw) {
      throw toError(raw);
    }
  }

  getBytes(key) {
    this.#life.assertOpen();
    try {
      return readBytes(this.#nativeGetBytes, typeof key === 'string' ? key : unwrapKey(key));
    } catch (raw) {
      throw toError(raw);
    }
  }

  getMany(keys) {
    this.#life.assertOpen();
    try {
      return getMany(this.#handle, textsOf(keys));
    } catch (raw) {
      throw toError(raw);
    }
  }

  contains(key) {
    this.#life.assertOpen();
    try {
      return this.#handle.contains(unwrapKey(key));
    } catch (raw) {
      throw toError(raw);
    }
  }

  size() {
    this.#life.assertOpen();
    try {
      return this.#handle.size();
    } catch (raw) {
      throw toError(raw);
    }
  }

  entries(range) {
    return this.#iterator(EntryIterator, range, 'entries');
  }

  keys(range) {
    return this.#iterator(KeyIterator, range, 'keys');
  }

  values(range) {
    return this.#iterator(ValueIterator, range, 'values');
  }

  snapshot(store) {
    this.#life.assertOpen();
    try {
      return snapshotOf(this.#handle.snapshot(), store, this.#load);
    } catch (raw) {
      throw toError(raw);
    }
  }

  stats() {
    this.#life.assertOpen();
    return statsOf(this.#handle);
  }

  lastSequence() {
    this.#life.assertOpen();
    return this.#handle.lastSequence();
  }

  lastRecoveredSequence() {
    this.#life.assertOpen();
    return this.#handle.lastRecoveredSequence();
  }

  recoveryReport() {
    this.#life.assertOpen();
    return this.#life.report;
  }

  #iterator(Iterator, range, owner) {
    this.#life.assertOpen();
    return new Iterator(this.#handle.scan, readRange(range, owner), this.#life, this.#load);
  }
}

module.exports = { Reads };
