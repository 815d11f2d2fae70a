'use strict';

const { RealPromise } = require('../runtime/runtime.js');
const { waitFor } = require('../runtime/clock.js');

/** The time between two breaks of the connection: what runs in it, and what ends it. */
class Round {
  over = false;
  #enders = new Set();
  #wake = () => undefined;
  #woken = false;

  /** Calls `end` when the round is over; returns what forgets it. */
  onEnd(end) {
    if (this.over) end();
    else this.#enders.add(end);
    return () => this.#enders.delete(end);
  }

  end() {
    if (!this.over) {
      this.over = true;
      for (const end of this.#enders) end();
      this.#enders.clear();
      this.wake();
    }
  }

  /** Ends {@link pause}, the next one if there is none. */
  wake() {
    this.#woken = true;
    this.#wake();
  }

  async pause(milliseconds) {
    if (!this.#woken && !this.over) {
      const { over, end } = waitFor(milliseconds);
      this.#wake = end;
      await over;
    }
    this.#woken = false;
  }

  /** What `promise` gives, or undefined after some milliseconds. */
  async within(milliseconds, promise) {
    const { over, end } = waitFor(milliseconds);
    try {
      return await RealPromise.race([promise, over]);
    } finally {
      end();
    }
  }
}

module.exports = { Round };
