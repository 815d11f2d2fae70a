'use strict';

const { Fifo } = require('./fifo.js');
const { Group } = require('./group.js');

// What staging returns: staged; not staged for lack of room; or staged, and the next write begins a new group.
const NO_ROOM = 1;
const GROUP_CUT = 2;

/** The writes that wait for a commit, in the same groups as their operations in native code. */
class StagedGroups {
  #current = new Group();
  #full = new Fifo();

  get empty() {
    return this.#current.empty && this.#full.size === 0;
  }

  /** Whether there is a group that no more writes join. */
  get hasFull() {
    return this.#full.size > 0;
  }

  /** The group that is committed next. */
  get oldest() {
    return this.#full.peek() ?? this.#current;
  }

  /** Adds a write that native code staged with this answer. */
  add(resolve, write, answer) {
    this.#current.add(resolve, write);
    if (answer === GROUP_CUT) {
      this.#full.push(this.#current);
      this.#current = new Group();
    }
  }

  /** Removes and returns the oldest group. */
  take() {
    if (this.#full.size > 0) {
      return this.#full.shift();
    }
    const group = this.#current;
    this.#current = new Group();
    return group;
  }
}

module.exports = { StagedGroups, NO_ROOM, GROUP_CUT };
