'use strict';

/** The iterations that wait for more history of one store, with one native wake-up for all of them. */
class Followers {
  #handle;
  #asleep = new Set();
  #watch = undefined;

  constructor(handle) {
    this.#handle = handle;
  }

  /**
   * Calls `resolve` once the history can be read beyond `position` or the store is closed, and returns a function that
   * does so at once. The native wake-up keeps no process alive: one that has nothing else to do would end before it got its
   * last operation. So what this thread already knows is checked, here and in `look`.
   */
  sleep(position, resolve) {
    const readable = this.#handle.readableSequence();
    if (readable > position) {
      resolve();
      return resolve;
    }
    this.#asleep.add(resolve);
    // It can go down: a recovered store may have lost what it had not synced.
    if (this.#watch === undefined || readable < this.#watch.readable) {
      this.#begin(readable);
    }
    return () => this.#wake(resolve);
  }

  /** A commit or another job is done. */
  look() {
    if (this.#watch !== undefined && this.#handle.readableSequence() > this.#watch.readable) {
      this.#wakeAll();
    }
  }

  #begin(readable) {
    const watch = { readable };
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

  /** All at once: nearly all of them have read everything, so there is something new for each. */
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
