'use strict';

const { AbstractIterator, AbstractKeyIterator, AbstractValueIterator } = require('abstract-level');
const { othersTurn } = require('../runtime/turns.js');
const { checkLevelView, fromStoreKey, toStoreBound } = require('./level-key.js');

/** Items that are read before others get a turn. */
const TAKEN_AT_ONCE = 500;

/** The bounds of a range of abstract-level, where an inclusive bound wins over an exclusive one. */
function storeRange({ gt, gte, lt, lte, reverse }) {
  const range = { reverse };
  if (gte !== undefined) range.gte = toStoreBound(gte);
  else if (gt !== undefined) range.gt = toStoreBound(gt);
  if (lte !== undefined) range.lte = toStoreBound(lte);
  else if (lt !== undefined) range.lt = toStoreBound(lt);
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
 * Walks over one moment of a store. `moment` opens its state, and releases it if it is the cursor's own; `read` turns what
 * the store's iterator returns into an item.
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
    // An iterator whose constructor threw could not be closed, nor could its database.
    try {
      this.#range = storeRange(options);
    } catch (error) {
      this.#range = {};
      this.#scan = () => {
        throw error;
      };
    }
    // With the limit, no more is read ahead than can be asked for; abstract-level counts across seeks too.
    this.#left = options.limit === -1 ? Number.POSITIVE_INFINITY : options.limit;
    this.#ahead = { ...this.#range, limit: this.#left };
    this.#read = read;
    this.#closeIfSpent();
  }

  take(count) {
    // Not before it is needed: if a snapshot is closed by then, abstract-level reports it.
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

  /** Has what is taken next in memory, where it may have to be read from the disk. */
  load() {
    this.#source ??= this.#scan(this.#ahead);
    return this.#source.isFetched ? undefined : this.#source.load();
  }

  seek(target) {
    const key = toStoreBound(target);
    const { gt, gte, lt, lte, reverse } = this.#range;
    const from = reverse ? { gt, gte, lte: key } : { gte: key, lt, lte };
    this.#ahead = within(key, this.#range) ? { ...from, reverse } : { limit: 0 };
    this.#source = undefined;
  }

  /** No seek leads past the limit; many callers close nothing once they reach it. */
  #closeIfSpent() {
    if (this.#left <= 0) {
      this.close();
    }
  }

  /** Releases the state, which costs memory while the store changes. */
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
      const loading = this.#cursor.load();
      if (loading !== undefined) await loading;
      return this.#cursor.take(1)[0];
    }

    async _nextv(size) {
      const items = [];
      while (items.length < size) {
        await othersTurn();
        await this.#cursor.load();
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
