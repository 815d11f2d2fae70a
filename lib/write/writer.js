'use strict';

const { SoftadastraError, toError } = require('../types/error.js');
const { err } = require('../types/result.js');
const { RealPromise, atEndOfTurn } = require('../runtime/runtime.js');
const { failing } = require('../types/settled.js');
const { commitOldest, commitQuickly, tellFollower } = require('./commit-here.js');
const { Group } = require('./group.js');
const { GROUP_CUT, NO_ROOM, StagedGroups } = require('./staged-groups.js');
const { hasHadItsTurn, inNextTurn } = require('../runtime/turns.js');
const { captureResolve, takeResolve } = require('./resolve.js');
const { WaitingJob, WaitingQueue, WaitingWrite } = require('./waiting.js');
const { PutWrite } = require('./writes.js');

/**
 * Group commit. A write is staged at once into a group that native code keeps; one job at a time commits the oldest
 * group while the others fill. Writes that find no room, and long jobs, wait in one queue, so calls keep their order.
 */
class Writer {
  /** Called when a commit or a job is done, for followers of the history. */
  onDone = () => undefined;
  #handle;
  #staged = new StagedGroups();
  /** The group or the job that a worker has, until its callback. */
  #underWay = undefined;
  /** The full groups that the same worker commits after it, without a word to this thread in between. */
  #followers = [];
  #waiting = new WaitingQueue();
  #scheduled = false;
  #onTick;
  #onCommit;
  #isQuick;

  /** `isQuick` for a store without a disk to wait for: it commits small groups on this thread. */
  constructor(handle, isQuick) {
    this.#handle = handle;
    this.#isQuick = isQuick;
    this.#onTick = () => {
      this.#scheduled = false;
      if (this.#advance()) this.onDone();
    };
    this.#onCommit = (error, firstSequence, outcomes, refusals) =>
      this.#committed(error, firstSequence, outcomes, refusals);
  }

  /** True when no write is staged, waiting or being committed. */
  get idle() {
    return this.#staged.empty && !(this.#underWay instanceof Group) && this.#waiting.writes === 0;
  }

  /** A put. Of many at once an object for each would be felt, see `Group`. */
  put(key, value, ifVersion) {
    try {
      if (this.#waiting.size === 0) {
        const answer = this.#handle.stagePut(key, value, ifVersion);
        if (answer !== NO_ROOM) return this.#join(key, answer);
      }
    } catch (raw) {
      return failing(raw);
    }
    return this.write(new PutWrite(key, value, ifVersion));
  }

  write(write) {
    try {
      if (this.#waiting.size === 0) {
        const answer = write.stage(this.#handle);
        if (answer !== NO_ROOM) return this.#join(write, answer);
      }
      write.keep();
      return this.#wait(write);
    } catch (raw) {
      return failing(raw);
    }
  }

  /** Does a write on this thread, together with all that were called before. It gives the result itself. */
  writeNow(write) {
    try {
      if (this.#waiting.size > 0 || write.stage(this.#handle) === NO_ROOM) {
        this.commitNow();
        write.stage(this.#handle);
      }
    } catch (raw) {
      return err(toError(raw));
    }
    this.#finishCommit();
    while (this.#staged.hasFull) {
      commitOldest(this.#handle, this.#staged, this.#underWay);
    }
    const result = commitOldest(this.#handle, this.#staged, this.#underWay, write);
    this.onDone();
    return result;
  }

  /** Commits on this thread whatever was written before, without the jobs that wait: none of them changes an entry. */
  commitNow() {
    this.#finishCommit();
    let before = this.#underWay;
    this.#commitStaged(before);
    const queue = this.#waiting;
    this.#waiting = new WaitingQueue();
    while (queue.size > 0) {
      const next = queue.shift();
      if (next instanceof WaitingWrite) {
        this.#stageNow(next, before);
      } else {
        this.#commitStaged(before);
        before = next;
        this.#waiting.push(next);
      }
    }
    this.#commitStaged(before);
    this.onDone();
  }

  /** Runs a job after all earlier writes. `finish(error, value)` runs once, before what comes later. */
  run(start, finish) {
    this.#waiting.push(new WaitingJob(start, finish));
    this.#advance();
  }

  /** A job as a promise of its value; it rejects with the raw error. */
  result(start) {
    return new RealPromise((resolve, reject) => {
      this.run(start, (error, value) => (error === undefined ? resolve(value) : reject(error)));
    });
  }

  #join(write, answer) {
    const promise = new RealPromise(captureResolve);
    this.#staged.add(takeResolve(), write, answer);
    if (answer === GROUP_CUT) {
      // A full group need not wait for the end of the turn, nor for the answer of the one before it.
      this.#advance();
      this.#follow();
    } else {
      this.#schedule();
    }
    return promise;
  }

  #wait(write) {
    const promise = new RealPromise(captureResolve);
    this.#waiting.push(new WaitingWrite(write, takeResolve()));
    this.#schedule();
    return promise;
  }

  #schedule() {
    if (this.#underWay === undefined && !this.#scheduled) {
      this.#scheduled = true;
      if (this.#isQuick && hasHadItsTurn()) {
        inNextTurn(this.#onTick);
      } else {
        atEndOfTurn(this.#onTick);
      }
    }
  }

  /**
   * Starts the next job if none is running: the staged group, or else the job at the head of the queue. What is committed at
   * once is told after `before`; says whether there was any.
   */
  #advance(before) {
    if (this.#underWay !== undefined) {
      return false;
    }
    let committed = false;
    this.#stageWaiting();
    while (
      this.#isQuick &&
      !this.#staged.empty &&
      commitQuickly(this.#handle, this.#staged, before)
    ) {
      committed = true;
      this.#stageWaiting();
    }
    if (!this.#staged.empty) {
      this.#commit();
      this.#stageWaiting();
      this.#follow();
    } else if (this.#waiting.size > 0) {
      this.#startJob(this.#waiting.shift());
    }
    return committed;
  }

  /** Moves waiting writes into the group until it is full or a job is next. */
  #stageWaiting() {
    while (this.#waiting.peek() instanceof WaitingWrite) {
      const { write, resolve } = this.#waiting.peek();
      try {
        const answer = write.stage(this.#handle);
        if (answer === NO_ROOM) {
          if (this.#underWay !== undefined || !this.#staged.empty) {
            return;
          }
          throw new SoftadastraError('internal_error', 'an empty group had no room for a write');
        }
        this.#staged.add(resolve, write, answer);
      } catch (raw) {
        resolve(err(toError(raw)));
      }
      this.#waiting.shift();
    }
  }

  #commit() {
    this.#underWay = this.#staged.take();
    try {
      this.#handle.commit(this.#onCommit);
    } catch (raw) {
      this.#committed(raw);
    }
  }

  /** Gives full groups to the worker that commits those before them, if it is still there to take them. */
  #follow() {
    while (this.#underWay instanceof Group && this.#staged.hasFull && this.#handle.followCommit()) {
      this.#followers.push(this.#staged.take());
    }
  }

  /** Stages a write that waited, on its way to a commit on this thread. */
  #stageNow({ write, resolve }, before) {
    try {
      let answer = write.stage(this.#handle);
      if (answer === NO_ROOM) {
        this.#commitStaged(before);
        answer = write.stage(this.#handle);
      }
      this.#staged.add(resolve, write, answer);
    } catch (raw) {
      resolve(err(toError(raw)));
    }
  }

  /** Waits for the worker's commit, or does it instead. Its callback will come all the same. */
  #finishCommit() {
    if (this.#underWay instanceof Group) {
      this.#handle.finishCommit();
    }
  }

  #commitStaged(before) {
    while (!this.#staged.empty) {
      commitOldest(this.#handle, this.#staged, before);
    }
  }

  #committed(error, firstSequence, outcomes, refusals) {
    const [group, followers] = [this.#underWay, this.#followers];
    this.#underWay = undefined;
    this.#followers = [];
    // The disk goes to work again before any caller hears of the group that is done.
    this.#advance(group);
    if (error === undefined || error === null) {
      group.settle(firstSequence, outcomes, refusals);
    } else {
      group.fail(error);
    }
    for (const follower of followers) {
      tellFollower(this.#handle, follower);
    }
    group.end();
    this.onDone();
  }

  #startJob(job) {
    this.#underWay = job;
    const done = (error, value) => {
      this.#underWay = undefined;
      job.finish(error ?? undefined, value);
      job.end();
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
