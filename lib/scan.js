'use strict';

const { entryOf } = require('./entry.js');
const { invalidArgument, toError } = require('./error.js');
const { unwrapKey } = require('./key.js');
const { checkBoolean, checkNames } = require('./options.js');
const { wrapValue } = require('./value.js');

const PAGE = 256;
const BOUNDS = ['prefix', 'gt', 'gte', 'lt', 'lte'];
const RANGE_OPTIONS = [...BOUNDS, 'reverse', 'limit'];

const KEYS_ONLY = 0;
const WITH_VALUES = 1;

/** Fields per item in the flat array that native code returns. */
const STRIDE = [1, 4];

/** Checks range options and gives them the form that native code takes. */
function readRange(range, owner) {
  const scan = { reverse: false };
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

/** Fetches pages of a native scan as they are needed; each page resumes after the last key of the one before. */
class ScanIterator {
  #nativeScan;
  #options;
  #stride;
  #remaining;
  #page = [];
  #length = 0;
  #at = 0;
  #last = false;

  constructor(nativeScan, { scan, limit }, values) {
    this.#nativeScan = nativeScan;
    this.#options = { ...scan, values, count: 0, after: undefined };
    this.#stride = STRIDE[values];
    this.#remaining = limit;
  }

  next() {
    if (this.#at >= this.#length && !this.#fetch()) {
      return { done: true, value: undefined };
    }
    const value = this.itemAt(this.#page, this.#at);
    this.#at += this.#stride;
    return { done: false, value };
  }

  return(value) {
    this.#end();
    return { done: true, value };
  }

  #fetch() {
    const count = Math.min(PAGE, this.#remaining);
    if (this.#last || count === 0) {
      this.#end();
      return false;
    }
    const options = this.#options;
    options.count = count;
    const page = this.#nativePage(options);
    const stride = this.#stride;
    // A page cut short by its size in bytes ends with `true`: there is more after it.
    const cutShort = page[page.length - 1] === true;
    const length = cutShort ? page.length - 1 : page.length;
    const items = length / stride;
    this.#page = page;
    this.#length = length;
    this.#at = 0;
    this.#last = !cutShort && items < count;
    this.#remaining -= items;
    if (items === 0) {
      this.#end();
      return false;
    }
    options.after = page[length - stride];
    return true;
  }

  #nativePage(options) {
    try {
      return this.#nativeScan(options);
    } catch (raw) {
      this.#end();
      throw toError(raw);
    }
  }

  #end() {
    this.#page = [];
    this.#length = 0;
    this.#at = 0;
    this.#last = true;
  }
}

Object.setPrototypeOf(ScanIterator.prototype, IteratorPrototype);

class EntryIterator extends ScanIterator {
  constructor(nativeScan, range) {
    super(nativeScan, range, WITH_VALUES);
  }

  itemAt(page, at) {
    const key = page[at];
    return [key, entryOf(key, page[at + 1], page[at + 2], page[at + 3])];
  }
}

class PairIterator extends ScanIterator {
  constructor(nativeScan, range) {
    super(nativeScan, range, WITH_VALUES);
  }

  itemAt(page, at) {
    return [page[at], wrapValue(page[at + 1])];
  }
}

class ValueIterator extends ScanIterator {
  constructor(nativeScan, range) {
    super(nativeScan, range, WITH_VALUES);
  }

  itemAt(page, at) {
    return wrapValue(page[at + 1]);
  }
}

class KeyIterator extends ScanIterator {
  constructor(nativeScan, range) {
    super(nativeScan, range, KEYS_ONLY);
  }

  itemAt(page, at) {
    return page[at];
  }
}

module.exports = { readRange, EntryIterator, KeyIterator, PairIterator, ValueIterator };
