'use strict';

const { Fifo } = require('./fifo.js');

/** Something that takes its time. What is done meanwhile on this thread is told after it, so that promises keep their order. */
class Step {
  #afterwards = undefined;

  /** Has `tell` called once this has been told. */
  andThen(tell) {
    this.#afterwards ??= [];
    this.#afterwards.push(tell);
  }

  /** It has been told. */
  end() {
    const afterwards = this.#afterwards ?? [];
    this.#afterwards = undefined;
    for (const tell of afterwards) {
      tell();
    }
  }
}

/** A write that found the group full and waits, in order, for room. */
class WaitingWrite {
  constructor(write, resolve) {
    this.write = write;
    this.resolve = resolve;
  }
}

/** A flush, recover or close that waits for its turn. `start` takes a callback; `finish` gets the callback's arguments. */
class WaitingJob extends Step {
  constructor(start, finish) {
    super();
    this.start = start;
    this.finish = finish;
  }
}

/** What waits, in order, and how much of it are writes. */
class WaitingQueue extends Fifo {
  writes = 0;

  push(one) {
    super.push(one);
    if (one instanceof WaitingWrite) this.writes += 1;
  }

  shift() {
    const one = super.shift();
    if (one instanceof WaitingWrite) this.writes -= 1;
    return one;
  }
}

/** Tells the writers of a group what became of it: now, or once `before` has been told. */
function tellAfter(before, group, tell) {
  if (group.empty) return;
  if (before === undefined) {
    tell();
  } else {
    before.andThen(tell);
  }
}

module.exports = { tellAfter, Step, WaitingJob, WaitingQueue, WaitingWrite };
