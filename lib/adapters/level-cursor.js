'use strict';

const { AbstractIterator, AbstractKeyIterator, AbstractValueIterator } = require('abstract-level');
const { othersTurn } = require('../runtime/turns.js');
const { checkLevelView, fromStoreKey, toStoreKey } = require('./level-key.js');

/** Items that are read before others are asked whether they want a turn. */
const TAKEN_AT_ONCE = 500;

/** The bounds of a range of abstract-level, where an inclusive bound wins over an exclusive one. */
function storeRange({ gt, gte, lt, lte, reverse }) {
  const range = { reverse };
  if (gte !== undefined) range.gte = toStoreKey(gte);
  else if (gt !== undefined) range.gt = toStoreKey(gt);
  if (lte !== undefined) range.lte = toStoreKey(lte);
  else if (lt !== undefined) range.lt = toStoreKey(lt);
  return range;
}

/** Stored keys have characters of one byte only, so comparing them as strings compares their bytes. */
function within(key, { gt, gte, lt, lte }) {
  return !(
    (gt !== undefined && key <= gt) ||
    (gte !== undefined && key < gte) ||
    (lt !== undefined && key >= lt) ||
    (lte !== undefined && key > lte)
  );
}

/** Content in the format that abstract-level asks for. */
function contentOf(value, format) {
  return format === 'utf8' ? value.toString() : value.toBytes();
}

/**
 * Walks over one moment of a store. `moment` opens its state, and lets go of it when it is the cursor's own; `read` makes an
 * item of what the store's own iterator gives.
 */
class Cursor {
  #moment;
  #scan;
  #range;
  #ahead;
  #read;
  /** Items that may still be asked for, across seeks. */
  #left;
  #source = undefined;

  constructor(moment, options, kind, read) {
    this.#moment = moment;
    this.#scan = (range) => moment.open()[kind](range);
    this.#range = storeRange(options);
    // With the limit no more is read ahead than can be asked for; abstract-level counts, across seeks too.
    this.#left = options.limit === -1 ? Number.POSITIVE_INFINITY : options.limit;
    this.#ahead = { ...this.#range, limit: this.#left };
    this.#read = read;
    this.#closeIfSpent();
  }

  take(count) {
    // Not before it is needed: a snapshot that is closed by then is abstract-level's to report.
    this.#source ??= this.#scan(this.#ahead);
    const items = [];
    while (items.length < count) {
      const { done, value } = this.#source.next();
      if (done) break;
      items.push(this.#read(value));
    }
    this.#left -= items.length;
    this.#closeIfSpent();
    return items;
  }

  seek(target) {
    const key = toStoreKey(target);
    const { gt, gte, lt, lte, reverse } = this.#range;
    const from = reverse ? { gt, gte, lte: key } : { gte: key, lt, lte };
    this.#ahead = within(key, this.#range) ? { ...from, reverse } : { limit: 0 };
    this.#source = undefined;
  }

  /** No seek leads further than the limit; many callers close nothing after it. */
  #closeIfSpent() {
    if (this.#left <= 0) {
      this.close();
    }
  }

  /** Lets go of the state, which costs memory while the store changes. */
  close() {
    this.#source?.return();
    this.#moment.close();
  }
}

function iteratorOf(Base, kindOf, readerOf) {
  return class extends Base {
    #cursor;

    constructor(db, options, moment) {
      super(db, options);
      this.#cursor = new Cursor(moment, options, kindOf(options), readerOf(options));
    }

    async _next() {
      const turn = othersTurn();
      if (turn !== undefined) await turn;
      return this.#cursor.take(1)[0];
    }

    async _nextv(size) {
      const items = [];
      while (items.length < size) {
        await othersTurn();
        const some = this.#cursor.take(Math.min(size - items.length, TAKEN_AT_ONCE));
        if (some.length === 0) {
          break;
        }
        for (const item of some) items.push(item);
      }
      return items;
    }

    async _all() {
      return this._nextv(this.limit - this.count);
    }

    seek(target, options) {
      checkLevelView(target, 'key');
      super.seek(target, options);
    }

    _seek(target) {
      this.#cursor.seek(target);
    }

    async _close() {
      this.#cursor.close();
    }
  };
}

function entryReader({ keys, values, keyEncoding, valueEncoding }) {
  if (!values) {
    return (key) => [fromStoreKey(key, keyEncoding), undefined];
  }
  return ([key, entry]) => [
    keys ? fromStoreKey(key, keyEncoding) : undefined,
    contentOf(entry.value, valueEncoding),
  ];
}

const EntryCursor = iteratorOf(
  AbstractIterator,
  ({ values }) => (values ? 'entries' : 'keys'),
  entryReader,
);

const KeyCursor = iteratorOf(
  AbstractKeyIterator,
  () => 'keys',
  ({ keyEncoding }) =>
    (key) =>
      fromStoreKey(key, keyEncoding),
);

const ValueCursor = iteratorOf(
  AbstractValueIterator,
  () => 'values',
  ({ valueEncoding }) =>
    (value) =>
      contentOf(value, valueEncoding),
);

module.exports = { EntryCursor, KeyCursor, ValueCursor, contentOf, storeRange };
