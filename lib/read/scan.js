'use strict';

const { entryOf } = require('../types/entry.js');
const { invalidArgument, toError } = require('../types/error.js');
const { unwrapKey } = require('../types/key.js');
const { textOf } = require('./many.js');
const { checkBoolean, checkNames } = require('../options/check.js');
const { wrapValue } = require('../types/value.js');

// Pages grow, so that a scan that ends early has not read far ahead, and a long one makes few calls.
const FIRST_PAGE = 128;
const LARGEST_PAGE = 512;
const BOUNDS = ['prefix', 'gt', 'gte', 'lt', 'lte'];
const RANGE_OPTIONS = [...BOUNDS, 'reverse', 'limit'];

/**
 * Where native code writes the numbers of a page. `lens` begins with how many items there are and whether more follow;
 * after that are the lengths of keys and values, negative for what lies apart. `numbers` has versions and timestamps. They are read before the next
 * call, so one pair serves all scans.
 */
const HEAD = 2;
const lens = new Int32Array(HEAD + 2 * LARGEST_PAGE);
const numbers = new Float64Array(2 * LARGEST_PAGE);

/** Checks range options and gives them the form that native code takes. */
function readRange(range, owner) {
  const scan = {
    prefix: undefined,
    gt: undefined,
    gte: undefined,
    lt: undefined,
    lte: undefined,
    reverse: false,
  };
  if (range === undefined) {
    return { scan, limit: Number.POSITIVE_INFINITY };
  }
  checkNames(range, RANGE_OPTIONS, owner);
  for (const name of BOUNDS) {
    if (range[name] !== undefined) {
      scan[name] = readBound(range[name], name);
    }
  }
  // No key comes before the empty string, which native code takes for the absence of a bound.
  const nothing = scan.lt === '' || scan.lte === '';
  const { reverse = false, limit = Number.POSITIVE_INFINITY } = range;
  checkBoolean(reverse, 'reverse');
  scan.reverse = reverse;
  if (limit !== Number.POSITIVE_INFINITY && (!Number.isSafeInteger(limit) || limit < 0)) {
    throw invalidArgument('limit must be a whole number, 0 or more', 'limit');
  }
  return { scan, limit: nothing ? 0 : limit };
}

function readBound(bound, name) {
  const text = unwrapKey(bound);
  if (typeof text !== 'string') {
    throw invalidArgument(`${name} must be a string or a Key`, name);
  }
  if (!text.isWellFormed()) {
    throw invalidArgument(`${name} is not well-formed Unicode`, name);
  }
  return text;
}

/** The prototype that all built-in iterators share: it makes an iterator iterable, and has the helpers of newer Node. */
const IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));

/**
 * Fetches pages of a native scan as they are needed; each page resumes after the last key of the one before. A scan with a
 * `source` ends with an error once that says that it may not be read any more. One that is over holds neither.
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

  constructor(nativeScan, { scan, limit }, withValues, source) {
    this.#nativeScan = nativeScan;
    this.#source = source;
    this.#range = scan;
    this.#withValues = withValues;
    this.#remaining = limit;
  }

  next() {
    if (this.#source !== undefined) {
      this.#checkSource();
    }
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

  #checkSource() {
    try {
      this.#source.check();
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
    this.#items = [];
    this.#at = 0;
    this.#last = true;
  }
}

Object.setPrototypeOf(ScanIterator.prototype, IteratorPrototype);

/** Walks records. A subclass says what it makes of one. */
class RecordIterator extends ScanIterator {
  constructor(nativeScan, range, source) {
    super(nativeScan, range, true, source);
  }

  /** Cuts a packed page into items. What does not fit into its string lies apart. */
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
      items[i] = this.item(key, content, numbers[2 * i], numbers[2 * i + 1]);
    }
    this.lastKey = key;
    return items;
  }
}

class EntryIterator extends RecordIterator {
  item(key, content, version, timestamp) {
    return [key, entryOf(key, content, version, timestamp)];
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
  constructor(nativeScan, range, source) {
    super(nativeScan, range, false, source);
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

module.exports = { readRange, EntryIterator, KeyIterator, PairIterator, ValueIterator };
