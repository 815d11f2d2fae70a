'use strict';

const { WeaklyHeld } = require('./weakly.js');

/** What hears of each signal. Node.js warns of more than ten listeners, and takes one off in linear time. */
const watched = new WeakMap();

/** The one listener on a signal, for as long as anything hears of it. */
class Watch {
  #signal;
  #strongly = new Set();
  #weakly = new WeaklyHeld(() => this.#endIfEmpty());
  #onAbort = () => this.#abort();

  constructor(signal) {
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort);
    watched.set(signal, this);
  }

  add(abortable) {
    this.#strongly.add(abortable);
    return () => {
      this.#strongly.delete(abortable);
      this.#endIfEmpty();
    };
  }

  addWeakly(abortable) {
    const reference = this.#weakly.add(abortable);
    return () => {
      this.#weakly.remove(reference);
      this.#endIfEmpty();
    };
  }

  #endIfEmpty() {
    if (
      this.#strongly.size === 0 &&
      this.#weakly.size === 0 &&
      watched.get(this.#signal) === this
    ) {
      watched.delete(this.#signal);
      try {
        this.#signal.removeEventListener('abort', this.#onAbort);
      } catch {
        // A signal that is somebody's own must not keep a call from its end.
      }
    }
  }

  #abort() {
    const all = [...this.#strongly, ...this.#weakly.takeAll()];
    this.#strongly.clear();
    this.#endIfEmpty();
    for (const abortable of all) {
      abortable.abort();
    }
  }
}

const watchOf = (signal) => watched.get(signal) ?? new Watch(signal);
const nothing = () => undefined;

/** Calls `abortable.abort()` when the signal aborts, unless the function that it gives is called before. */
function onAbort(signal, abortable) {
  return signal === undefined ? nothing : watchOf(signal).add(abortable);
}

/** `onAbort` for an object that may be forgotten and collected meanwhile. The function that it gives must not refer to it. */
function onAbortWeakly(signal, abortable) {
  return signal === undefined ? nothing : watchOf(signal).addWeakly(abortable);
}

/** Whether the signal is aborted. One that is somebody's own may throw when it is asked. */
function isAborted(signal) {
  try {
    return signal?.aborted === true;
  } catch {
    return false;
  }
}

module.exports = { isAborted, onAbort, onAbortWeakly };
