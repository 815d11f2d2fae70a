'use strict';

/** Wakes the watches of one store that have something to read again, with one native wake-up for all of them. */
class Bell {
  #handle;
  /** By the number of the watch. */
  #asleep = new Map();
  #numbers = 0;

  constructor(handle) {
    this.#handle = handle;
  }

  /** The number of a new watch. */
  next() {
    this.#numbers += 1;
    return this.#numbers;
  }

  /** Calls `resolve` when the watch has something to read. It has just been found to have nothing. */
  sleep(number, resolve) {
    this.#asleep.set(number, resolve);
    if (this.#asleep.size === 1) {
      this.#listen();
    }
    this.look();
  }

  /**
   * Wakes those who were rung for. Called when this thread has committed something: the native wake-up keeps no process
   * alive, and one that has nothing else to do would end before it heard of its last write.
   */
  look() {
    if (this.#asleep.size > 0) {
      for (const number of this.#handle.takeRung()) {
        this.wake(number);
      }
    }
  }

  wake(number) {
    const resolve = this.#asleep.get(number);
    if (resolve !== undefined) {
      this.#asleep.delete(number);
      if (this.#asleep.size === 0) {
        this.#handle.ringNoMore();
      }
      resolve();
    }
  }

  #listen() {
    this.#handle.whenRung(() => {
      this.look();
      if (this.#asleep.size > 0) {
        this.#listen();
        this.look();
      }
    });
  }
}

module.exports = { Bell };
