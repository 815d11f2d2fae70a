'use strict';

const { entryOf } = require('../types/entry.js');
const { toError } = require('../types/error.js');
const { textOf } = require('./many.js');
const { ReadAhead } = require('./read-ahead.js');
const { wrapValue } = require('../types/value.js');

// Pages grow, so that a scan that ends early has not read far ahead, and a long one makes few calls.
const FIRST_PAGE = 128;
const LARGEST_PAGE = 512;

/**
 * Where native code writes the numbers of a page. `lens` begins with how many items there are and whether more follow; then
 * come the lengths of keys and values, negative for those that come separately. `numbers` has versions, timestamps and
 * expiries. They are read before the next call, so one pair serves all scans.
 */
const HEAD = 2;
const lens = new Int32Array(HEAD + 2 * LARGEST_PAGE);
const EACH = 3;
const numbers = new Float64Array(EACH * LARGEST_PAGE);

/** The prototype of all built-in iterators: it makes an iterator iterable and has the helpers of newer Node.js versions. */
const IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));

/**
 * Fetches pages of a native scan as they are needed; each page resumes after the last key of the one before. A scan ends
 * with an error once its `source` says that it is no longer open. A finished one keeps neither scan nor source.
 */
class ScanIterator {
  /** Set by `unpack`. */
  lastKey = undefined;
  #nativeScan;
  #source;
  #range;
  #withValues;
  #after = undefined;
  #remaining;
  #size = FIRST_PAGE;
  #items = [];
  #at = 0;
  #last = false;
  #load;

  constructor(nativeScan, { scan, limit }, withValues, source, load) {
    this.#nativeScan = nativeScan;
    this.#source = source;
    this.#load = load;
    this.#range = scan;
    this.#withValues = withValues;
    this.#remaining = limit;
  }

  next() {
    this.#assertOpen();
    if (this.#at === this.#items.length && !this.#fetch()) {
      return { done: true, value: undefined };
    }
    const value = this.#items[this.#at];
    this.#at += 1;
    return { done: false, value };
  }

  return(value) {
    this.#end();
    return { done: true, value };
  }

  [Symbol.asyncIterator]() {
    return new ReadAhead(this);
  }

  /** Whether the next item is in memory already. */
  get isFetched() {
    return this.#at < this.#items.length;
  }

  /** Has the next page brought into memory by another thread. What fails at that fails again when it is fetched. */
  load() {
    const count = Math.min(this.#size, this.#remaining);
    if (this.#load === undefined || this.#last || count === 0) {
      return undefined;
    }
    const { prefix, gt, gte, lt, lte, reverse } = this.#range;
    return this.#load(prefix, gt, gte, lt, lte, reverse, this.#after, count);
  }

  #assertOpen() {
    try {
      this.#source?.assertOpen();
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  #fetch() {
    const count = Math.min(this.#size, this.#remaining);
    if (this.#last || count === 0) {
      this.#end();
      return false;
    }
    const page = this.#nativePage(count);
    // @ts-expect-error every kind of iterator has its own
    const items = this.unpack(page, lens[0]);
    this.#items = items;
    this.#at = 0;
    this.#last = lens[1] === 0;
    this.#remaining -= items.length;
    this.#size = Math.min(this.#size * 4, LARGEST_PAGE);
    if (items.length === 0) {
      this.#end();
      return false;
    }
    this.#after = this.lastKey;
    return true;
  }

  #nativePage(count) {
    const { prefix, gt, gte, lt, lte, reverse } = this.#range;
    const after = this.#after;
    const values = this.#withValues;
    const scan = this.#nativeScan;
    try {
      return scan(
        prefix,
        gt,
        gte,
        lt,
        lte,
        reverse,
        after,
        values,
        count,
        lens.buffer,
        numbers.buffer,
      );
    } catch (raw) {
      this.#end();
      throw toError(raw);
    }
  }

  #end() {
    this.#nativeScan = undefined;
    this.#source = undefined;
    this.#load = undefined;
    this.#items = [];
    this.#at = 0;
    this.#last = true;
  }
}

Object.setPrototypeOf(ScanIterator.prototype, IteratorPrototype);

/** Iterates over records. A subclass decides what it makes of each. */
class RecordIterator extends ScanIterator {
  constructor(nativeScan, range, source, load) {
    super(nativeScan, range, true, source, load);
  }

  /** Splits a packed page into items. What does not fit into its string comes separately. */
  unpack(page, count) {
    const text = textOf(page);
    const items = new Array(count);
    let at = 0;
    let apart = 1;
    let key;
    for (let i = 0; i < count; i += 1) {
      const keyLength = lens[HEAD + 2 * i];
      if (keyLength >= 0) {
        key = text.substring(at, at + keyLength);
        at += keyLength;
      } else {
        key = page[apart];
        apart += 1;
      }
      const length = lens[HEAD + 2 * i + 1];
      let content;
      if (length >= 0) {
        content = text.substring(at, at + length);
        at += length;
      } else {
        content = page[apart];
        apart += 1;
      }
      // @ts-expect-error every kind of iterator has its own
      items[i] = this.item(key, content, EACH * i);
    }
    this.lastKey = key;
    return items;
  }
}

class EntryIterator extends RecordIterator {
  item(key, content, at) {
    return [key, entryOf(key, content, numbers[at], numbers[at + 1], numbers[at + 2])];
  }
}

class PairIterator extends RecordIterator {
  item(key, content) {
    return [key, wrapValue(content)];
  }
}

class ValueIterator extends RecordIterator {
  item(_key, content) {
    return wrapValue(content);
  }
}

class KeyIterator extends ScanIterator {
  constructor(nativeScan, range, source, load) {
    super(nativeScan, range, false, source, load);
  }

  unpack(page, count) {
    const text = textOf(page);
    const keys = new Array(count);
    let at = 0;
    let apart = 1;
    for (let i = 0; i < count; i += 1) {
      const length = lens[HEAD + 2 * i];
      if (length >= 0) {
        keys[i] = text.substring(at, at + length);
        at += length;
      } else {
        keys[i] = page[apart];
        apart += 1;
      }
    }
    this.lastKey = keys[count - 1];
    return keys;
  }
}

module.exports = {
  EntryIterator,
  KeyIterator,
  PairIterator,
  ValueIterator,
};
