'use strict';

const { isAborted, onAbort } = require('../runtime/abort.js');
const { aborted } = require('../types/error.js');
const { native } = require('../native/addon.js');
const { secondsUp } = require('../runtime/runtime.js');

// Between two tries of a lock that another process holds.
const FIRST_DELAY_MS = 2;
const LONGEST_DELAY_MS = 200;

/**
 * One call of recover. It retries while another process holds the lock, as long as it was told to, and while another
 * thread of this process opens or closes the log. It waits on a thread of its own, so that it occupies no libuv thread and
 * depends on no timer that a test tool may have faked.
 */
class Recovering {
  #recover;
  #signal;
  #verifyFirst;
  #deadline;
  #delay = FIRST_DELAY_MS;
  #pause = undefined;
  #running = undefined;
  #done = undefined;
  #lastError = undefined;
  #patient = true;
  #listenNoMore = () => undefined;

  constructor(recover, { signal, lockTimeoutMs, verifyFirst }) {
    this.#recover = recover;
    this.#signal = signal;
    this.#verifyFirst = verifyFirst;
    this.#deadline = secondsUp() + lockTimeoutMs / 1000;
  }

  /** Calls `done(error, report)` once. */
  start(done) {
    this.#done = done;
    if (isAborted(this.#signal)) {
      this.#finish(aborted(this.#signal));
      return;
    }
    this.#listenNoMore = onAbort(this.#signal, this);
    this.#try();
  }

  /** Ends a wait for the lock with the error of the last try. Other threads are soon done. */
  stopWaiting() {
    this.#patient = false;
    if (this.#pause !== undefined && this.#lastError !== undefined) {
      this.#finish(this.#lastError);
    }
  }

  #try() {
    try {
      const tell = (error, report) => this.#tried(error ?? undefined, report);
      this.#running = this.#recover(this.#verifyFirst, tell);
    } catch (raw) {
      this.#finish(raw);
    }
  }

  #tried(error, report) {
    this.#running = undefined;
    this.#lastError = error;
    const left = 1000 * (this.#deadline - secondsUp());
    if (report === undefined && isAborted(this.#signal)) {
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
    try {
      const pause = native().pause(Math.ceil(Math.min(this.#delay, latest)), (error) => {
        // This is also called for a cancelled pause.
        if (this.#pause === pause) {
          this.#paused(error);
        }
      });
      this.#pause = pause;
      this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY_MS);
    } catch (raw) {
      this.#finish(raw);
    }
  }

  #paused(error) {
    this.#pause = undefined;
    if (error === undefined) {
      this.#try();
    } else {
      this.#finish(error);
    }
  }

  /** Called by the signal. A running recovery itself reports whether it could be stopped. */
  abort() {
    this.#running?.abort();
    if (this.#pause !== undefined) {
      this.#finish(aborted(this.#signal));
    }
  }

  #finish(error, report) {
    this.#pause?.abort();
    this.#pause = undefined;
    this.#listenNoMore();
    this.#done(error, report);
  }
}

module.exports = { Recovering };
