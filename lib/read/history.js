'use strict';

const { isAborted, onAbortWeakly } = require('../runtime/abort.js');
const { invalidState, toError } = require('../types/error.js');
const { Followers } = require('./followers.js');
const { operationsOf } = require('../types/logged-operation.js');
const { checkBoolean, checkNames, checkSignal, checkWhole } = require('../options/check.js');
const { RealPromise } = require('../runtime/runtime.js');
const { WeaklyHeld } = require('../runtime/weakly.js');

const FOLLOW_OPTIONS = ['follow', 'signal'];
const HISTORY_OPTIONS = ['since', ...FOLLOW_OPTIONS];

/** Nothing is read ahead of a page larger than this, which is a single operation. */
const LARGE_PAGE = 256 * 1024;

/** Reads the options of an iteration over the history; throws for unknown names and wrong types. */
function readHistoryOptions(options, owner, names = FOLLOW_OPTIONS) {
  if (options !== undefined) {
    checkNames(options, names, owner);
  }
  const { since = 0, follow = false, signal } = options ?? {};
  checkBoolean(follow, 'follow');
  checkSignal(signal);
  return { since, follow, signal };
}

/**
 * The operations of a log, one by one. Nothing is read or remembered before the first `next()`. `source` opens the native
 * reader, remembers the iterations, knows where the history ends now and whether the store is closed, and never reads two
 * pages at once.
 */
class HistoryIterator {
  #source;
  #since;
  #follow;
  #signal;
  #onYield;
  #operations;
  #native = undefined;
  #over = false;
  #forget = () => undefined;
  #wake = () => undefined;

  constructor(source, since, { follow, signal }, onYield) {
    this.#source = source;
    this.#since = since;
    this.#follow = follow;
    this.#signal = signal;
    this.#onYield = onYield;
    this.#operations = this.#run();
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  next() {
    return this.#operations.next();
  }

  return(value) {
    this.abort();
    return this.#operations.return(value);
  }

  throw(error) {
    this.abort();
    return this.#operations.throw(error);
  }

  /** Ends the iteration and releases the history, even while someone waits for more of it. */
  abort() {
    if (!this.#over) {
      this.#over = true;
      this.#forget();
      this.#native?.release();
      this.#wake();
    }
  }

  async *#run() {
    if (this.#over || isAborted(this.#signal)) {
      this.#over = true;
      return;
    }
    this.#forget = this.#source.remember(this, this.#signal);
    try {
      const end = this.#follow ? Number.POSITIVE_INFINITY : this.#source.lastSequence();
      for await (const page of this.#pages(end)) {
        for (const operation of operationsOf(page)) {
          if (this.#over) {
            return;
          }
          this.#onYield?.(operation.sequence);
          yield operation;
          // `end` may lie inside of what became visible step by step.
          if (operation.sequence >= end && operation.endsBatch) {
            return;
          }
        }
      }
    } finally {
      this.abort();
    }
  }

  /** Pages that are not empty. */
  async *#pages(end) {
    let ahead;
    try {
      for (let given = 0; !this.#over; ) {
        const page = await this.#received(ahead ?? this.#read());
        ahead = undefined;
        if (page === undefined || (page.count === 0 && !this.#follow)) {
          return;
        }
        if (page.count === 0) {
          await this.#more(page.firstSequence - 1);
        } else {
          given += 1;
          ahead = given > 1 && isLikelyToContinue(page, end) ? this.#read() : undefined;
          yield page;
        }
      }
    } finally {
      // Until it is done the reader holds the history.
      await ahead;
    }
  }

  /** The page, unless the iteration is over or the store was closed. */
  async #received(reading) {
    const { page, failure } = await reading;
    if (this.#over || (failure !== undefined && this.#source.closed())) {
      return undefined;
    }
    if (failure !== undefined) {
      throw failure;
    }
    return page;
  }

  /** Never rejects: when a page is read ahead, nobody may be waiting for it yet. */
  async #read() {
    try {
      this.#native ??= this.#source.open(this.#since(), this.#follow);
      return { page: await this.#source.read(this.#native, () => this.#over) };
    } catch (raw) {
      return { failure: toError(raw) };
    }
  }

  #more(position) {
    return new RealPromise((resolve) => {
      this.#wake = this.#source.whenMore(position, resolve);
    });
  }
}

/** Whether the page after this one is worth reading ahead. Not used after the first page: many readers want no more. */
function isLikelyToContinue({ firstSequence, payloads, count, hasMore }, end) {
  return hasMore && payloads.length <= LARGE_PAGE && firstSequence + count <= end;
}

/** What iterations over the history of one store share. */
class Histories {
  #source;
  #life;
  #last = RealPromise.resolve();
  /** Weakly, so that an iteration that was started and forgotten does not hold history forever. */
  #running = new WeaklyHeld();
  #followers;

  constructor(handle, life) {
    this.#life = life;
    this.#followers = new Followers(handle);
    this.#source = {
      remember: (iterator, signal) => this.#remember(iterator, signal),
      open: (since, follow) => handle.operations(checkWhole(since, 'since'), follow),
      read: (native, isOver) => this.#readPage(native, isOver),
      whenMore: (position, resolve) => this.#followers.sleep(position, resolve),
      lastSequence: () => handle.lastSequence(),
      closed: () => life.closed,
    };
  }

  /** This thread has committed something. */
  look() {
    this.#followers.look();
  }

  /** An iteration after `options.since`. */
  since(options) {
    const checked = readHistoryOptions(options, 'operations', HISTORY_OPTIONS);
    if (!this.#life.durable) {
      throw invalidState('a memory-only store has no log and keeps no history');
    }
    return this.iterate(() => checked.since, checked);
  }

  /** An iteration after the sequence that `since` returns when it begins. */
  iterate(since, options, onYield) {
    return new HistoryIterator(this.#source, since, options, onYield);
  }

  /** Ends every iteration; the store is closed. */
  end() {
    for (const running of this.#running.takeAll()) {
      running.abort();
    }
  }

  /** Returns a function that forgets the iterator and does not keep it alive. */
  #remember(iterator, signal) {
    const listenNoMore = onAbortWeakly(signal, iterator);
    const reference = this.#running.add(iterator);
    return () => {
      this.#running.remove(reference);
      listenNoMore();
    };
  }

  /** One page at a time, so that readers occupy only one worker of the process. */
  #readPage(native, isOver) {
    const read = () => (isOver() ? undefined : nextPage(native));
    const page = this.#last.then(read);
    this.#last = page.catch(() => undefined);
    return page;
  }
}

function nextPage(native) {
  return new RealPromise((resolve, reject) => {
    native.nextPage((error, firstSequence, payloads, ends, batchEnds, nodes, hasMore) => {
      if (error === undefined) {
        const count = ends.length / 4;
        resolve({ firstSequence, payloads, ends, batchEnds, nodes, count, hasMore });
      } else {
        reject(error);
      }
    });
  });
}

module.exports = { Histories, readHistoryOptions };
