'use strict';

const { WeaklyHeld } = require('./weakly.js');

/** What listens to each signal. Node.js warns about more than ten listeners, and removes one in linear time. */
const watched = new WeakMap();

/** The one listener on a signal, as long as anything waits for it. */
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
        // A custom signal that throws must not keep a call from ending.
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

/** Calls `abortable.abort()` when the signal aborts, unless the function that it returns is called before. */
function onAbort(signal, abortable) {
  return signal === undefined ? nothing : watchOf(signal).add(abortable);
}

/** `onAbort` for an object that may be collected meanwhile. The function that it returns must not refer to the object. */
function onAbortWeakly(signal, abortable) {
  return signal === undefined ? nothing : watchOf(signal).addWeakly(abortable);
}

/** Whether the signal is aborted. A custom one may throw when asked. */
function isAborted(signal) {
  try {
    return signal?.aborted === true;
  } catch {
    return false;
  }
}

module.exports = { isAborted, onAbort, onAbortWeakly };
