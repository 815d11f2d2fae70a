'use strict';

const { invalidState, toError } = require('./error.js');
const { operationsOf } = require('./logged-operation.js');
const { checkBoolean, checkNames, checkSignal, checkWhole } = require('./options.js');
const { RealPromise } = require('./runtime.js');

const FOLLOW_OPTIONS = ['follow', 'signal'];
const HISTORY_OPTIONS = ['since', ...FOLLOW_OPTIONS];

/** A page of at least so many bytes is likely to have a successor, so that is read ahead. */
const FULL_PAGE = 256 * 1024;

/** Reads the options of an iteration over the history; throws for names and types that it does not have. */
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
 * The operations of a log one by one. Nothing is read before the first `next()`. `source` opens the native reader, says
 * where the history ends now, whether the store is closed, and reads no two pages at once.
 */
class HistoryIterator {
  #source;
  #follow;
  #signal;
  #onYield;
  #operations;
  #native = undefined;
  #over = false;
  #wake = () => undefined;
  #onAbort = () => this.end();

  constructor(source, { follow, signal }, onYield) {
    this.#source = source;
    this.#follow = follow;
    this.#signal = signal;
    this.#onYield = onYield;
    this.#operations = this.#run();
    if (signal?.aborted) {
      this.#over = true;
    } else {
      signal?.addEventListener('abort', this.#onAbort, { once: true });
    }
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  next() {
    return this.#operations.next();
  }

  return(value) {
    this.end();
    return this.#operations.return(value);
  }

  throw(error) {
    this.end();
    return this.#operations.throw(error);
  }

  /** Ends the iteration and lets go of the history, also while somebody waits for more of it. */
  end() {
    this.#over = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#native?.release();
    this.#wake();
  }

  async *#run() {
    try {
      let end = Number.POSITIVE_INFINITY;
      if (!(this.#over || this.#follow)) {
        end = this.#source.lastSequence();
      }
      for await (const page of this.#pages()) {
        for (const operation of operationsOf(page)) {
          if (this.#over) {
            return;
          }
          this.#onYield?.(operation.sequence);
          yield operation;
          if (operation.sequence >= end) {
            return;
          }
        }
      }
    } finally {
      this.end();
    }
  }

  /** Pages that have something in them. One that is likely to be wanted is read ahead. */
  async *#pages() {
    let ahead;
    try {
      while (!this.#over) {
        const page = await this.#received(ahead ?? this.#read());
        ahead = undefined;
        if (page === undefined || (page.count === 0 && !this.#follow)) {
          return;
        }
        if (page.count === 0) {
          await this.#more();
        } else {
          ahead = page.payloads.length >= FULL_PAGE ? this.#read() : undefined;
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

  /** Never rejects, since nobody may be there yet to hear of a page that is read ahead. */
  async #read() {
    try {
      this.#native ??= this.#source.open(this.#follow);
      return { page: await this.#source.read(this.#native) };
    } catch (raw) {
      return { failure: toError(raw) };
    }
  }

  #more() {
    return new RealPromise((resolve) => {
      this.#wake = this.#source.whenMore(this.#native, resolve);
    });
  }
}

/** What iterations over the history of one store share. */
class Histories {
  #handle;
  #life;
  #last = RealPromise.resolve();
  #running = new Set();
  #sleepers = new Set();

  constructor(handle, life, writer) {
    this.#handle = handle;
    this.#life = life;
    writer.onDone = () => this.#wakeSleepers();
  }

  /** An iteration behind `options.since`. */
  since(options) {
    const checked = readHistoryOptions(options, 'operations', HISTORY_OPTIONS);
    if (!this.#life.durable) {
      throw invalidState('a memory-only store has no log and keeps no history');
    }
    return this.iterate(() => checked.since, checked);
  }

  /** An iteration behind the sequence that `since` gives when it begins. */
  iterate(since, options, onYield) {
    const source = {
      open: (follow) => this.#handle.operations(checkWhole(since(), 'since'), follow),
      read: (native) => this.#readPage(native),
      whenMore: (native, resolve) => this.#sleep(native, resolve),
      lastSequence: () => this.#handle.lastSequence(),
      closed: () => this.#life.closed,
    };
    const iterator = new HistoryIterator(source, options, onYield);
    this.#remember(iterator);
    return iterator;
  }

  /** Ends every iteration; the store is closed. */
  end() {
    for (const running of this.#running) {
      running.deref()?.end();
    }
    this.#running.clear();
  }

  /**
   * Waits for more, and gives the function that ends the wait before. The wake of native code keeps no process alive: one
   * that has nothing else to do would end with an operation still to be given. What is known on this thread is therefore
   * looked for, here and when a commit is done.
   */
  #sleep(native, resolve) {
    if (native.hasMore()) {
      resolve();
      return resolve;
    }
    const sleeper = { native, wake: undefined };
    sleeper.wake = () => {
      this.#sleepers.delete(sleeper);
      resolve();
    };
    this.#sleepers.add(sleeper);
    native.whenMore(sleeper.wake);
    return sleeper.wake;
  }

  #wakeSleepers() {
    for (const { native, wake } of this.#sleepers) {
      if (native.hasMore()) {
        wake();
      }
    }
  }

  /** Weakly, so that an iteration that was begun and forgotten holds back no history for ever. */
  #remember(iterator) {
    for (const running of this.#running) {
      if (running.deref() === undefined) {
        this.#running.delete(running);
      }
    }
    this.#running.add(new WeakRef(iterator));
  }

  /** One page at a time, so that readers take no more than one worker from the rest of the process. */
  #readPage(native) {
    const read = () =>
      new RealPromise((resolve, reject) => {
        native.nextPage((error, firstSequence, payloads, ends) => {
          if (error === undefined) {
            resolve({ firstSequence, payloads, ends, count: ends.length / 4 });
          } else {
            reject(error);
          }
        });
      });
    const page = this.#last.then(read);
    this.#last = page.catch(() => undefined);
    return page;
  }
}

module.exports = { Histories, readHistoryOptions };
