'use strict';

const { isAborted, onAbortWeakly } = require('../runtime/abort.js');
const { Bell } = require('./bell.js');
const { checkNames, checkSignal } = require('../options/check.js');
const { changesOf } = require('../types/change.js');
const { toError } = require('../types/error.js');
const { othersTurn } = require('../runtime/turns.js');
const { RealPromise } = require('../runtime/runtime.js');
const { readKeyRange } = require('../options/range.js');
const { WeaklyHeld } = require('../runtime/weakly.js');

const OPTIONS = ['signal'];

/** The changes of one range, or what happens to the log, one by one. Native code keeps them from the beginning on. */
class WatchIterator {
  #bell;
  #number;
  #native;
  #shown;
  #forget;
  #over = false;
  #changes;

  constructor(bell, number, native, shown, forget) {
    this.#bell = bell;
    this.#number = number;
    this.#native = native;
    this.#shown = shown;
    this.#forget = forget;
    this.#changes = this.#run();
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  next() {
    return this.#changes.next();
  }

  return(value) {
    this.abort();
    return this.#changes.return(value);
  }

  throw(error) {
    this.abort();
    return this.#changes.throw(error);
  }

  /** Ends the iteration at once. */
  abort() {
    if (!this.#over) {
      this.#over = true;
      this.finish();
    }
  }

  /** Ends it after what was committed before. */
  finish() {
    this.#forget();
    this.#native?.end();
    this.#bell.wake(this.#number);
  }

  async *#run() {
    try {
      while (!this.#over) {
        const page = this.#take();
        if (page === undefined) {
          return;
        }
        if (page.length === 0) {
          await new RealPromise((resolve) => this.#bell.sleep(this.#number, resolve));
          continue;
        }
        for (const happening of this.#shown(page)) {
          if (this.#over) {
            return;
          }
          yield happening;
        }
        const turn = othersTurn();
        if (turn !== undefined) await turn;
      }
    } finally {
      this.abort();
      // Whoever keeps an iteration that is over keeps none of its changes.
      this.#native = undefined;
    }
  }

  #take() {
    try {
      return this.#native?.take();
    } catch (raw) {
      throw toError(raw);
    }
  }
}

/** What the watches of one store share. */
class Watches {
  #handle;
  #bell;
  /** Weakly, so that a watch that was begun and forgotten does not keep changes forever. */
  #running = new WeaklyHeld();

  constructor(handle) {
    this.#handle = handle;
    this.#bell = new Bell(handle);
  }

  /** Watches a range from now on. `shown` makes the changes of what native code gives. */
  begin(range, options, shown = changesOf) {
    const { prefix, gt, gte, lt, lte } = readKeyRange(range, 'watch');
    if (options !== undefined) {
      checkNames(options, OPTIONS, 'watch');
    }
    const signal = options?.signal;
    checkSignal(signal);
    const number = this.#bell.next();
    let native;
    try {
      native = isAborted(signal) ? undefined : this.#handle.watch(number, prefix, gt, gte, lt, lte);
    } catch (raw) {
      throw toError(raw);
    }
    return this.#remembered(number, native, shown, signal);
  }

  /** What happens to the log from now on, as an iterator of `{ name, report, error }`. */
  notices() {
    const number = this.#bell.next();
    const native = this.#handle.listen(number);
    return this.#remembered(number, native, (notices) => notices, undefined);
  }

  /** This thread has committed something. */
  look() {
    this.#bell.look();
  }

  /** Ends every watch after what was committed; the store is closed. */
  end() {
    for (const running of this.#running.takeAll()) {
      running.finish();
    }
  }

  #remembered(number, native, shown, signal) {
    let forget = () => undefined;
    const iterator = new WatchIterator(this.#bell, number, native, shown, () => forget());
    const listenNoMore = onAbortWeakly(signal, iterator);
    const running = this.#running;
    const reference = running.add(iterator);
    forget = () => {
      running.remove(reference);
      listenNoMore();
    };
    return iterator;
  }
}

module.exports = { Watches };
