'use strict';

const { builtin } = require('../native/builtin.js');
const { checkFunction, checkNames } = require('../options/check.js');
const { toError } = require('../types/error.js');
const { err, ok } = require('../types/result.js');
const { CompactionReport } = require('../types/results.js');
const { atEndOfTurn } = require('../runtime/runtime.js');

const { EventEmitter } = builtin('events');

const NAMES = ['change', 'compaction', 'poisoned'];
const NAMES_OF_FOLLOWERS = ['change', 'restart'];

/** The events of one store. It is watched only while somebody listens. */
class Events {
  #emitter = new EventEmitter();
  #watches;
  #life;
  #names;
  #watch = undefined;
  #notices = undefined;

  constructor(watches, life, names = NAMES) {
    this.#watches = watches;
    this.#life = life;
    this.#names = names;
  }

  on(name, listener) {
    this.#add('on', name, listener);
  }

  once(name, listener) {
    this.#add('once', name, listener);
  }

  off(name, listener) {
    this.#check(name, listener);
    this.#emitter.off(name, listener);
    this.#attend();
  }

  #add(how, name, listener) {
    this.#life.assertOpen();
    this.#check(name, listener);
    this.#emitter[how](name, listener);
    this.#attend();
  }

  /** Begins and ends what the listeners that there are now need. */
  #attend() {
    const listens = (name) => !this.#life.closed && this.#emitter.listenerCount(name) > 0;
    if (!listens('change')) {
      this.#watch?.abort();
      this.#watch = undefined;
    } else if (this.#watch === undefined) {
      this.#watch = this.#watches.begin();
      void this.#tell(this.#watch, (change) => this.#emit('change', change));
    }
    if (!this.#names.some((name) => name !== 'change' && listens(name))) {
      this.#notices?.abort();
      this.#notices = undefined;
    } else if (this.#notices === undefined) {
      this.#notices = this.#watches.notices();
      void this.#tell(this.#notices, (notice) => this.#emitNotice(notice));
    }
  }

  async #tell(happenings, emit) {
    try {
      for await (const happening of happenings) {
        emit(happening);
      }
    } catch {
      // After a recovery the store is watched again. Damage is told by every call.
    }
    if (this.#watch === happenings) {
      this.#watch = undefined;
      this.#attend();
    }
  }

  #emitNotice({ name, report, error }) {
    if (name !== 'compaction') {
      this.#emit(name, error === undefined ? report : toError(error));
    } else if (this.#emitter.listenerCount(name) > 0) {
      const result = error === undefined ? ok(new CompactionReport(report)) : err(toError(error));
      this.#emit(name, result);
    }
  }

  #check(name, listener) {
    // `once` and `on` of node:events listen for errors of every emitter. A store emits none.
    if (name !== 'error') {
      checkNames({ [name]: true }, this.#names, 'a store', 'event');
    }
    checkFunction(listener, 'the listener');
  }

  /** What a listener throws is uncaught, as it is for other emitters; the next events are told all the same. */
  #emit(name, about) {
    try {
      this.#emitter.emit(name, about);
    } catch (thrown) {
      atEndOfTurn(() => {
        throw thrown;
      });
    }
    this.#attend();
  }
}

module.exports = { Events, NAMES_OF_FOLLOWERS };
