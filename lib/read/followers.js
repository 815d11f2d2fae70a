'use strict';

/** Those who wait for more of the history of one store, with one wake of native code for all of them. */
class Followers {
  #handle;
  #asleep = new Set();
  #watch = undefined;

  constructor(handle) {
    this.#handle = handle;
  }

  /**
   * Calls `resolve` once the history can be read beyond `position` or the store is closed, and gives the function that
   * does so at once. The wake of native code keeps no process alive: one that has nothing else to do would end with an
   * operation still to be given. What is known on this thread is therefore looked for, here and by `look`.
   */
  sleep(position, resolve) {
    const readable = this.#handle.readableSequence();
    if (readable > position) {
      resolve();
      return resolve;
    }
    this.#asleep.add(resolve);
    // It is lower than it was when a store was recovered that had lost what it had not synced.
    if (this.#watch === undefined || readable < this.#watch.behind) {
      this.#begin(readable);
    }
    return () => this.#wake(resolve);
  }

  /** A commit or another job is done. */
  look() {
    if (this.#watch !== undefined && this.#handle.readableSequence() > this.#watch.behind) {
      this.#wakeAll();
    }
  }

  #begin(readable) {
    const watch = { behind: readable };
    this.#watch = watch;
    this.#handle.whenMore(readable, () => {
      if (this.#watch === watch) {
        this.#wakeAll();
      }
    });
  }

  #end() {
    this.#watch = undefined;
    this.#handle.waitNoMore();
  }

  #wake(resolve) {
    if (this.#asleep.delete(resolve) && this.#asleep.size === 0) {
      this.#end();
    }
    resolve();
  }

  /** All at once: with hardly an exception they have read what there was, and more is news to each. */
  #wakeAll() {
    const asleep = this.#asleep;
    this.#asleep = new Set();
    this.#end();
    for (const resolve of asleep) {
      resolve();
    }
  }
}

module.exports = { Followers };
