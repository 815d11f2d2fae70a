'use strict';

const { isAborted } = require('../runtime/abort.js');
const { Changes } = require('./changes.js');
const { readConfig } = require('./config.js');
const { Consumers } = require('./consumer.js');
const { markClass } = require('../types/copies.js');
const { aborted, toError } = require('../types/error.js');
const { Events } = require('./events.js');
const { follow } = require('./follower.js');
const { Histories } = require('../read/history.js');
const { nextIdentity } = require('../types/identity.js');
const { Lifecycle, OPEN, asyncDispose } = require('../write/lifecycle.js');
const { native } = require('../native/addon.js');
const { readOpenOptions } = require('../options/open.js');
const { dismiss, ok, err, isFailure } = require('../types/result.js');
const { OrThrow } = require('./or-throw.js');
const { Reads } = require('./reads.js');
const { typed } = require('./typed-store.js');
const { Updates } = require('./updates.js');
const { Upkeep } = require('./upkeep.js');
const { Watches } = require('../read/watches.js');
const { warnOfFailures } = require('../write/warnings.js');
const { Writer } = require('../write/writer.js');

/** The current state of one node: reads are synchronous, writes are committed in groups. */
class StoreEngine {
  #handle;
  #writer;
  #life;
  #histories;
  #consumers;
  #reads;
  #changes;
  #updates;
  #upkeep;
  #watches;
  #events;

  constructor(config) {
    const fields = readConfig(config);
    try {
      this.#handle = native().openHandle(fields);
    } catch (raw) {
      throw toError(raw);
    }
    this.identity = nextIdentity();
    this.#writer = new Writer(this.#handle, fields.mode === 'memory');
    this.#life = new Lifecycle(this.#handle, this.#writer, fields.mode === 'log');
    this.#histories = new Histories(this.#handle, this.#life);
    this.#watches = new Watches(this.#handle);
    this.#writer.onDone = () => {
      this.#histories.look();
      this.#watches.look();
    };
    warnOfFailures(this.#handle, this.#writer);
    this.#consumers = new Consumers(this.#handle, this.#life, this.#writer, this.#histories);
    const pages = fields.mode === 'log' && fields.memoryLimit !== undefined;
    this.#reads = new Reads(this.#handle, this.#life, pages);
    this.#changes = new Changes(this.#writer, this.#life, this.#consumers);
    this.#upkeep = new Upkeep(this.#handle, this.#life);
    this.#events = new Events(this.#watches, this.#life);
    this.#updates = new Updates(this.#reads, this.#changes, this.#life);
  }

  static follow = follow;

  static async open(config, options) {
    let engine;
    try {
      const { signal } = readOpenOptions(options, 'open');
      if (isAborted(signal)) {
        throw aborted(signal);
      }
      engine = new StoreEngine(config);
    } catch (error) {
      return err(toError(error));
    }
    if (engine.#life.state !== OPEN) {
      const recovered = await engine.recover(options);
      if (isFailure(recovered)) {
        dismiss(await engine.close());
        return recovered;
      }
    }
    return ok(engine);
  }

  recover(options) {
    return this.#life.recover(options);
  }

  ready(options) {
    return this.#upkeep.ready(options);
  }

  load(wanted, options) {
    return this.#upkeep.load(wanted, options);
  }

  put(key, value, options) {
    return this.#changes.put(key, value, options);
  }

  putSync(key, value, options) {
    return this.#changes.putSync(key, value, options);
  }

  remove(key, options) {
    return this.#changes.remove(key, options);
  }

  removeSync(key, options) {
    return this.#changes.removeSync(key, options);
  }

  batch(operations) {
    return this.#changes.batch(operations);
  }

  batchSync(operations) {
    return this.#changes.batchSync(operations);
  }

  apply(operation, options) {
    return this.#changes.apply(operation, options);
  }

  applySync(operation, options) {
    return this.#changes.applySync(operation, options);
  }

  applyBatch(operations, options) {
    return this.#changes.applyBatch(operations, options);
  }

  applyBatchSync(operations, options) {
    return this.#changes.applyBatchSync(operations, options);
  }

  update(key, change, options) {
    return this.#updates.update(key, change, options);
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

  stats() {
    return this.#reads.stats();
  }

  lastSequence() {
    return this.#reads.lastSequence();
  }

  lastRecoveredSequence() {
    return this.#reads.lastRecoveredSequence();
  }

  recoveryReport() {
    return this.#reads.recoveryReport();
  }

  flush() {
    return this.#life.flush();
  }

  flushSync() {
    return this.#life.flushNow();
  }

  compact(options) {
    return this.#upkeep.compact(options);
  }

  backup(path, options) {
    return this.#upkeep.backup(path, options);
  }

  sweep(options) {
    return this.#upkeep.sweep(options);
  }

  operations(options) {
    this.#life.assertOpen();
    return this.#histories.since(options);
  }

  watch(range, options) {
    return this.#watch(range, options);
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

  consumer(name, options) {
    return this.#consumers.open(name, options);
  }

  removeConsumer(name) {
    return this.#consumers.remove(name);
  }

  close() {
    const closed = this.#life.close();
    // Before the caller learns of the end: by then nothing holds the log any more.
    closed.then(() => {
      this.#histories.end();
      this.#watches.end();
    });
    return closed;
  }

  as(codec) {
    const watch = (range, options, shown) => this.#watch(range, options, shown);
    return typed(this, codec, { updates: this.#updates, watch });
  }

  get orThrow() {
    return new OrThrow(this);
  }

  async [asyncDispose]() {
    (await this.close()).value();
  }

  #watch(range, options, shown) {
    this.#life.assertOpen();
    return this.#watches.begin(range, options, shown);
  }
}

markClass(StoreEngine, 'StoreEngine');

module.exports = { StoreEngine };
