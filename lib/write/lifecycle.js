'use strict';

const { invalidState, toError } = require('../types/error.js');
const { readOpenOptions } = require('../options/open.js');
const { Recovering } = require('./recovering.js');
const { ok, err } = require('../types/result.js');
const { RecoveryReport } = require('../types/results.js');
const { RealPromise } = require('../runtime/runtime.js');
const { failing, settled } = require('../types/settled.js');

const asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');

const CREATED = 'created';
const RECOVERING = 'recovering';
const OPEN = 'open';
const CLOSING = 'closing';
const CLOSED = 'closed';

const NOT_OPEN = {
  [CREATED]: 'the store is not open: call recover() first, or use StoreEngine.open()',
  [RECOVERING]: 'the store is not open: recover() is still running',
  [CLOSING]: 'the store is closed',
  [CLOSED]: 'the store is closed',
};

/** What can be done with a store now, and the long jobs that change that. They queue with the commits. */
class Lifecycle {
  state;
  report = undefined;
  durable;
  #handle;
  #writer;
  #closing = undefined;
  #recovering = undefined;

  constructor(handle, writer, durable) {
    this.#handle = handle;
    this.#writer = writer;
    this.durable = durable;
    this.state = durable ? CREATED : OPEN;
  }

  get closed() {
    return this.state === CLOSING || this.state === CLOSED;
  }

  /** Throws unless the store is open. */
  assertOpen() {
    if (this.state !== OPEN) {
      throw this.notOpen();
    }
  }

  notOpen() {
    return invalidState(NOT_OPEN[this.state]);
  }

  recover(options) {
    let recovering;
    try {
      recovering = this.#beginRecovery(readOpenOptions(options, 'recover'));
    } catch (error) {
      return failing(error);
    }
    this.state = RECOVERING;
    this.#recovering = recovering;
    return new RealPromise((resolve) => {
      const start = (done) => recovering.start(done);
      this.#writer.run(start, (error, report) => {
        this.#recovering = undefined;
        resolve(this.#recovered(error, report));
      });
    });
  }

  flush() {
    if (this.state !== OPEN) {
      return failing(this.notOpen());
    }
    return new RealPromise((resolve) => {
      this.#writer.run(this.#handle.flush, (error) => resolve(outcome(error)));
    });
  }

  flushNow() {
    if (this.state !== OPEN) {
      return err(this.notOpen());
    }
    this.#writer.commitNow();
    try {
      this.#handle.flushNow();
      return ok(undefined);
    } catch (raw) {
      return err(toError(raw));
    }
  }

  close() {
    if (this.state === CLOSED) {
      return settled(ok(undefined));
    }
    if (this.state !== CLOSING) {
      this.state = CLOSING;
      this.#recovering?.stopWaiting();
      this.#closing = new RealPromise((resolve) => {
        this.#writer.run(this.#handle.close, (error) => {
          this.state = CLOSED;
          resolve(outcome(error));
        });
      });
    }
    return this.#closing;
  }

  #beginRecovery(options) {
    const refusal = this.#recoverRefusal();
    if (refusal !== undefined) {
      throw refusal;
    }
    return new Recovering(this.#handle.recover, options);
  }

  #recovered(error, report) {
    if (this.state === RECOVERING) {
      this.state = error === undefined || this.#handle.stats().open ? OPEN : CREATED;
    }
    if (error !== undefined) {
      return err(toError(error));
    }
    this.report = new RecoveryReport(report);
    return ok(this.report);
  }

  #recoverRefusal() {
    if (this.state !== CREATED && this.state !== OPEN) {
      return this.notOpen();
    }
    if (!this.durable) {
      return invalidState('a memory-only store has no log to recover from');
    }
    return this.#writer.idle
      ? undefined
      : invalidState('writes are still being committed: wait for them before recover()');
  }
}

function outcome(error) {
  return error === undefined ? ok(undefined) : err(toError(error));
}

module.exports = { Lifecycle, OPEN, asyncDispose };
