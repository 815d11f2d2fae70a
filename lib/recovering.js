'use strict';

const { onAbort } = require('./abort.js');
const { aborted } = require('./error.js');

// Between two looks at a lock that another process holds.
const FIRST_DELAY_MS = 2;
const LONGEST_DELAY_MS = 200;

/**
 * One call of recover. It tries again while another process holds the lock, for as long as it was told to, and while
 * another thread of this process opens or closes the log. The waiting is a timer here and not a thread that sleeps, so
 * that it keeps no libuv thread from others.
 */
class Recovering {
  #recover;
  #signal;
  #deadline;
  #delay = FIRST_DELAY_MS;
  #timer = undefined;
  #running = undefined;
  #done = undefined;
  #lastError = undefined;
  #patient = true;
  #listenNoMore = () => undefined;

  constructor(recover, { signal, lockTimeoutMs }) {
    this.#recover = recover;
    this.#signal = signal;
    this.#deadline = performance.now() + lockTimeoutMs;
  }

  /** Calls `done(error, report)` once. */
  start(done) {
    this.#done = done;
    if (this.#signal?.aborted) {
      this.#finish(aborted(this.#signal));
      return;
    }
    this.#listenNoMore = onAbort(this.#signal, this);
    this.#try();
  }

  /** Ends a wait for the lock with the error that the last look at it gave. Other threads are soon done. */
  stopWaiting() {
    this.#patient = false;
    if (this.#timer !== undefined && this.#lastError !== undefined) {
      this.#finish(this.#lastError);
    }
  }

  #try() {
    this.#timer = undefined;
    try {
      this.#running = this.#recover((error, report) => this.#tried(error ?? undefined, report));
    } catch (raw) {
      this.#finish(raw);
    }
  }

  #tried(error, report) {
    this.#running = undefined;
    this.#lastError = error;
    const left = this.#deadline - performance.now();
    if (report === undefined && this.#signal?.aborted) {
      this.#finish(aborted(this.#signal));
    } else if (error?.locked && this.#patient && left > 0) {
      this.#tryLater(left);
    } else if (error === undefined && report === undefined) {
      this.#tryLater(LONGEST_DELAY_MS);
    } else {
      this.#finish(error, report);
    }
  }

  #tryLater(latest) {
    this.#timer = setTimeout(() => this.#try(), Math.min(this.#delay, latest));
    this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY_MS);
  }

  /** Called by the signal. A recovery that is running says itself whether it could be stopped. */
  abort() {
    this.#running?.abort();
    if (this.#timer !== undefined) {
      this.#finish(aborted(this.#signal));
    }
  }

  #finish(error, report) {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#listenNoMore();
    this.#done(error, report);
  }
}

module.exports = { Recovering };
