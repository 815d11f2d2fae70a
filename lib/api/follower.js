'use strict';

const { isAborted } = require('../runtime/abort.js');
const { aborted, invalidState, toError } = require('../types/error.js');
const { Events, NAMES_OF_FOLLOWERS } = require('./events.js');
const { Histories } = require('../read/history.js');
const { nextIdentity } = require('../types/identity.js');
const { Lifecycle, OPEN, asyncDispose } = require('../write/lifecycle.js');
const { native } = require('../native/addon.js');
const { readFollowOptions } = require('../options/follow.js');
const { dismiss, ok, err, isFailure } = require('../types/result.js');
const { RealPromise } = require('../runtime/runtime.js');
const { failing } = require('../types/settled.js');
const { Reads } = require('./reads.js');
const { followerStatsOf } = require('./stats.js');
const { Upkeep } = require('./upkeep.js');
const { Watches } = require('../read/watches.js');
const { Writer } = require('../write/writer.js');

/** What a store has that writes, by how its answer is given. */
const WRITES_LATER = [
  ...['put', 'remove', 'batch', 'apply', 'applyBatch', 'update', 'flush', 'compact', 'sweep'],
  ...['backup', 'consumer', 'removeConsumer', 'recover'],
];
const WRITES_NOW = [
  ...['putSync', 'removeSync', 'batchSync', 'applySync', 'applyBatchSync', 'flushSync'],
];

/** The entries of a log that another process writes. */
class FollowerStore {
  #handle;
  #life;
  #histories;
  #reads;
  #watches;
  #events;
  #upkeep;

  constructor(fields) {
    this.#handle = native().openHandle(fields);
    this.identity = nextIdentity();
    // It queues the close after the opening; there are no writes.
    const jobs = new Writer(this.#handle, false);
    this.#life = new Lifecycle(this.#handle, jobs, true);
    this.#histories = new Histories(this.#handle, this.#life);
    this.#watches = new Watches(this.#handle);
    this.#reads = new Reads(this.#handle, this.#life, false);
    this.#events = new Events(this.#watches, this.#life, NAMES_OF_FOLLOWERS);
    this.#upkeep = new Upkeep(this.#handle, this.#life);
  }

  static async begin(fields, signal) {
    const store = new FollowerStore(fields);
    const opened = await store.#life.recover({ signal });
    if (isFailure(opened)) {
      dismiss(await store.close());
      return opened;
    }
    return ok(store);
  }

  ready(options) {
    return this.#upkeep.ready(options);
  }

  load(wanted, options) {
    return this.#upkeep.load(wanted, options);
  }

  get(key) {
    return this.#reads.get(key);
  }

  getString(key) {
    return this.#reads.getString(key);
  }

  getBytes(key) {
    return this.#reads.getBytes(key);
  }

  getMany(keys) {
    return this.#reads.getMany(keys);
  }

  contains(key) {
    return this.#reads.contains(key);
  }

  size() {
    return this.#reads.size();
  }

  empty() {
    return this.#reads.size() === 0;
  }

  entries(range) {
    return this.#reads.entries(range);
  }

  keys(range) {
    return this.#reads.keys(range);
  }

  values(range) {
    return this.#reads.values(range);
  }

  snapshot() {
    return this.#reads.snapshot(this.identity);
  }

  lastSequence() {
    return this.#reads.lastSequence();
  }

  stats() {
    this.#life.assertOpen();
    return followerStatsOf(this.#handle);
  }

  refresh() {
    if (this.#life.state !== OPEN) {
      return failing(this.#life.notOpen());
    }
    return new RealPromise((resolve) => {
      this.#handle.refresh((error, lastSequence) => {
        this.#histories.look();
        this.#watches.look();
        resolve(error === undefined ? ok(lastSequence) : err(toError(error)));
      });
    });
  }

  operations(options) {
    this.#life.assertOpen();
    return this.#histories.since(options);
  }

  watch(range, options) {
    this.#life.assertOpen();
    return this.#watches.begin(range, options);
  }

  on(name, listener) {
    this.#events.on(name, listener);
    return this;
  }

  addListener(name, listener) {
    return this.on(name, listener);
  }

  once(name, listener) {
    this.#events.once(name, listener);
    return this;
  }

  off(name, listener) {
    this.#events.off(name, listener);
    return this;
  }

  removeListener(name, listener) {
    return this.off(name, listener);
  }

  close() {
    const closed = this.#life.close();
    closed.then(() => {
      this.#histories.end();
      this.#watches.end();
    });
    return closed;
  }

  async [asyncDispose]() {
    (await this.close()).value();
  }

  static {
    for (const name of WRITES_LATER) {
      define(name, () => failing(followsOnly(name)));
    }
    for (const name of WRITES_NOW) {
      define(name, () => err(followsOnly(name)));
    }

    function define(name, value) {
      Object.defineProperty(FollowerStore.prototype, name, { value, configurable: true });
    }
  }
}

function followsOnly(name) {
  return invalidState(
    `${name}: this store follows a log that another process writes, and can only be read: write with the process that has it open`,
  );
}

/** A store that shows what another process writes to the log at `path`. */
async function follow(path, options) {
  try {
    const { fields, signal } = readFollowOptions(path, options);
    if (isAborted(signal)) {
      throw aborted(signal);
    }
    return await FollowerStore.begin(fields, signal);
  } catch (error) {
    return err(toError(error));
  }
}

module.exports = { follow };
