'use strict';

const { SoftadastraError, toError } = require('../types/error.js');
const { Fifo } = require('./fifo.js');
const { err } = require('../types/result.js');
const { RealPromise, atEndOfTurn } = require('../runtime/runtime.js');
const { failing } = require('../types/settled.js');
const { GROUP_CUT, NO_ROOM, StagedGroups } = require('./staged-groups.js');
const { hasHadItsTurn, inNextTurn } = require('../runtime/turns.js');

/** A store in memory commits a group of so many operations at once. */
const SMALL = 32;

/** The resolve function of the promise made last, so that a write needs no closure of its own. */
let resolveOfLast;
function captureResolve(resolve) {
  resolveOfLast = resolve;
}

/** A write that found the group full and waits, in order, for room. */
class WaitingWrite {
  constructor(write, resolve) {
    this.write = write;
    this.resolve = resolve;
  }
}

/** A flush, recover or close that waits for its turn. `start` takes a callback, `finish` gets what it was called with. */
class WaitingJob {
  constructor(start, finish) {
    this.start = start;
    this.finish = finish;
  }
}

/**
 * Group commit. A write is staged at once into a group that native code keeps; one job at a time commits the oldest
 * group while the others fill. Writes that find no room, and long jobs, wait in one queue, so calls keep their order.
 */
class Writer {
  /** Called when a commit or a job is done, for those who follow the history. */
  onDone = () => undefined;
  #handle;
  #staged = new StagedGroups();
  #committing = undefined;
  #waiting = new Fifo();
  #waitingWrites = 0;
  #busy = false;
  #scheduled = false;
  #onTick;
  #onCommit;
  #inMemory;

  constructor(handle, inMemory) {
    this.#handle = handle;
    this.#inMemory = inMemory;
    this.#onTick = () => {
      this.#scheduled = false;
      this.#advance();
    };
    this.#onCommit = (error, firstSequence, outcomes, refusals) =>
      this.#committed(error, firstSequence, outcomes, refusals);
  }

  /** True when no write is staged, waiting or being committed. */
  get idle() {
    return this.#staged.empty && this.#committing === undefined && this.#waitingWrites === 0;
  }

  write(write) {
    try {
      if (this.#waiting.size === 0) {
        const answer = write.stage(this.#handle);
        if (answer !== NO_ROOM) {
          return this.#join(write, answer);
        }
      }
      write.keep();
      return this.#wait(write);
    } catch (raw) {
      return failing(raw);
    }
  }

  /** Runs a job after every write made before it. `finish(error, value)` runs once, before anything that comes later. */
  run(start, finish) {
    this.#waiting.push(new WaitingJob(start, finish));
    this.#advance();
  }

  /** A job as a promise of what it gives; it rejects with the raw error. */
  result(start) {
    return new RealPromise((resolve, reject) => {
      this.run(start, (error, value) => (error === undefined ? resolve(value) : reject(error)));
    });
  }

  #join(write, answer) {
    const promise = new RealPromise(captureResolve);
    this.#staged.add(resolveOfLast, write, answer);
    if (answer === GROUP_CUT) {
      // A full group need not wait for the end of the turn.
      this.#advance();
    } else {
      this.#schedule();
    }
    return promise;
  }

  #wait(write) {
    const promise = new RealPromise(captureResolve);
    this.#waiting.push(new WaitingWrite(write, resolveOfLast));
    this.#waitingWrites += 1;
    this.#schedule();
    return promise;
  }

  #schedule() {
    if (!this.#busy && !this.#scheduled) {
      this.#scheduled = true;
      if (this.#inMemory && hasHadItsTurn()) {
        inNextTurn(this.#onTick);
      } else {
        atEndOfTurn(this.#onTick);
      }
    }
  }

  /** Starts the next job if none is running: the staged group, or else the job at the head of the queue. */
  #advance() {
    if (this.#busy) {
      return;
    }
    this.#stageWaiting();
    while (this.#inMemory && !this.#staged.empty && this.#staged.oldest.size <= SMALL) {
      this.#commitNow();
      this.#stageWaiting();
    }
    if (!this.#staged.empty) {
      this.#commit();
      this.#stageWaiting();
    } else if (this.#waiting.size > 0) {
      this.#startJob(this.#waiting.shift());
    }
  }

  /** Moves waiting writes into the group until it is full or a job is next. */
  #stageWaiting() {
    while (this.#waiting.peek() instanceof WaitingWrite) {
      const { write, resolve } = this.#waiting.peek();
      try {
        const answer = write.stage(this.#handle);
        if (answer === NO_ROOM) {
          if (this.#busy || !this.#staged.empty) {
            return;
          }
          throw new SoftadastraError('internal_error', 'an empty group had no room for a write');
        }
        this.#staged.add(resolve, write, answer);
      } catch (raw) {
        resolve(err(toError(raw)));
      }
      this.#waiting.shift();
      this.#waitingWrites -= 1;
    }
  }

  #commit() {
    this.#committing = this.#staged.take();
    this.#busy = true;
    try {
      this.#handle.commit(this.#onCommit);
    } catch (raw) {
      this.#committed(raw);
    }
  }

  /** Without a disk the way to a worker and back costs far more than a small group itself. */
  #commitNow() {
    const group = this.#staged.take();
    try {
      const [firstSequence, outcomes, refusals] = this.#handle.commitNow();
      group.settle(firstSequence, outcomes, refusals);
    } catch (raw) {
      group.fail(raw);
    }
  }

  #committed(error, firstSequence, outcomes, refusals) {
    const group = this.#committing;
    this.#committing = undefined;
    this.#busy = false;
    // The disk goes to work again before any caller hears of the group that is done.
    this.#advance();
    if (error === undefined || error === null) {
      group.settle(firstSequence, outcomes, refusals);
    } else {
      group.fail(error);
    }
    this.onDone();
  }

  #startJob(job) {
    this.#busy = true;
    const done = (error, value) => {
      this.#busy = false;
      job.finish(error ?? undefined, value);
      this.#advance();
      this.onDone();
    };
    try {
      job.start(done);
    } catch (raw) {
      done(raw);
    }
  }
}

module.exports = { Writer };
