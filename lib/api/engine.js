'use strict';

const { inBackground } = require('../write/background.js');
const { BatchWrite } = require('../write/batch.js');
const { isAborted } = require('../runtime/abort.js');
const { readConfig } = require('./config.js');
const { Consumers } = require('./consumer.js');
const { markClass } = require('../types/copies.js');
const { entryOf } = require('../types/entry.js');
const { aborted, toError } = require('../types/error.js');
const { Histories } = require('../read/history.js');
const { nextIdentity } = require('../types/identity.js');
const { textsOf, unwrapKey } = require('../types/key.js');
const { Lifecycle, OPEN, asyncDispose } = require('../write/lifecycle.js');
const { getMany } = require('../read/many.js');
const native = require('../native/addon.js');
const { readOpenOptions } = require('../options/open.js');
const { readOperation } = require('../types/operation.js');
const { readIfVersion } = require('../options/check.js');
const { readPath } = require('../options/path.js');
const { readBytes } = require('../read/read-bytes.js');
const { ok, err, missing } = require('../types/result.js');
const { BackupReport, BatchResult, CompactionReport } = require('../types/results.js');
const { EntryIterator, KeyIterator, ValueIterator, readRange } = require('../read/scan.js');
const { failing, settled } = require('../types/settled.js');
const { OrThrow } = require('./or-throw.js');
const { snapshotOf } = require('./snapshot.js');
const { statsOf } = require('./stats.js');
const { unwrapValue } = require('../types/value.js');
const { warnOfFailures } = require('../write/warnings.js');
const { Writer } = require('../write/writer.js');
const { ApplyWrite, PutWrite, RemoveWrite } = require('../write/writes.js');

/** Where native code writes version and timestamp. They are read before the next call, so one serves all stores. */
const numbers = new Float64Array(2);
const numbersMemory = numbers.buffer;

/** The current state of one node: reads are synchronous, writes are committed in groups. */
class StoreEngine {
  #handle;
  #writer;
  #life;
  #histories;
  #consumers;
  // Bound once, and kept as fields of their own, because these are the calls that hot loops make.
  #nativeGet;
  #nativeGetString;
  #nativeGetBytes;

  constructor(config) {
    const fields = readConfig(config);
    try {
      this.#handle = native.openHandle(fields);
    } catch (raw) {
      throw toError(raw);
    }
    this.identity = nextIdentity();
    this.#writer = new Writer(this.#handle, fields.mode === 'memory');
    this.#life = new Lifecycle(this.#handle, this.#writer, fields.mode === 'durable');
    this.#histories = new Histories(this.#handle, this.#life, this.#writer);
    warnOfFailures(this.#handle, this.#writer);
    this.#consumers = new Consumers(this.#handle, this.#life, this.#writer, this.#histories);
    this.#nativeGet = this.#handle.get;
    this.#nativeGetString = this.#handle.getString;
    this.#nativeGetBytes = this.#handle.getBytes;
  }

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
      if (recovered.isErr()) {
        await engine.close();
        return recovered;
      }
    }
    return ok(engine);
  }

  recover(options) {
    return this.#life.recover(options);
  }

  recoveryReport() {
    return this.#life.report;
  }

  put(key, value, options) {
    if (this.#life.state !== OPEN) {
      return failing(this.#life.notOpen());
    }
    try {
      // The value last: reading the others can run the caller's code, which may take its memory away.
      const ifVersion = options === undefined ? -1 : readIfVersion(options, 'put');
      const text = typeof key === 'string' ? key : unwrapKey(key);
      const content = typeof value === 'string' ? value : unwrapValue(value);
      return this.#writer.write(new PutWrite(text, content, ifVersion));
    } catch (error) {
      return failing(error);
    }
  }

  remove(key, options) {
    if (this.#life.state !== OPEN) {
      return failing(this.#life.notOpen());
    }
    try {
      const write = new RemoveWrite(unwrapKey(key), readIfVersion(options, 'remove'));
      return this.#writer.write(write);
    } catch (error) {
      return failing(error);
    }
  }

  batch(operations) {
    if (this.#life.state !== OPEN) {
      return failing(this.#life.notOpen());
    }
    let write;
    try {
      write = new BatchWrite(operations);
    } catch (error) {
      return failing(error);
    }
    // Reading the operations can run the caller's code, and that may have closed the store.
    if (this.#life.state !== OPEN) {
      return failing(this.#life.notOpen());
    }
    return write.size === 0 ? settled(ok(new BatchResult([], 0))) : this.#writer.write(write);
  }

  apply(operation) {
    if (this.#life.state !== OPEN) {
      return failing(this.#life.notOpen());
    }
    try {
      const { type, key, value, timestamp } = readOperation(operation);
      const write = new ApplyWrite(type, unwrapKey(key), unwrapValue(value), timestamp);
      return this.#writer.write(write);
    } catch (error) {
      return failing(error);
    }
  }

  get(key) {
    if (this.#life.state !== OPEN) {
      return err(this.#life.notOpen());
    }
    try {
      const text = typeof key === 'string' ? key : unwrapKey(key);
      const content = this.#nativeGet(text, numbersMemory);
      return content === undefined
        ? missing(text)
        : ok(entryOf(text, content, numbers[0], numbers[1]));
    } catch (raw) {
      return err(toError(raw));
    }
  }

  getString(key) {
    this.#life.assertOpen();
    try {
      return this.#nativeGetString(typeof key === 'string' ? key : unwrapKey(key));
    } catch (raw) {
      throw toError(raw);
    }
  }

  getBytes(key) {
    this.#life.assertOpen();
    try {
      return readBytes(this.#nativeGetBytes, typeof key === 'string' ? key : unwrapKey(key));
    } catch (raw) {
      throw toError(raw);
    }
  }

  getMany(keys) {
    this.#life.assertOpen();
    try {
      return getMany(this.#handle, textsOf(keys));
    } catch (raw) {
      throw toError(raw);
    }
  }

  contains(key) {
    try {
      return this.#handle.contains(unwrapKey(key)) && this.#life.state === OPEN;
    } catch (raw) {
      throw toError(raw);
    }
  }

  size() {
    return this.#life.state === OPEN ? this.#handle.size() : 0;
  }

  empty() {
    return this.size() === 0;
  }

  entries(range) {
    this.#life.assertOpen();
    return new EntryIterator(this.#handle.scan, readRange(range, 'entries'));
  }

  keys(range) {
    this.#life.assertOpen();
    return new KeyIterator(this.#handle.scan, readRange(range, 'keys'));
  }

  values(range) {
    this.#life.assertOpen();
    return new ValueIterator(this.#handle.scan, readRange(range, 'values'));
  }

  snapshot() {
    this.#life.assertOpen();
    try {
      return snapshotOf(this.#handle.snapshot(), this.identity);
    } catch (raw) {
      throw toError(raw);
    }
  }

  stats() {
    return statsOf(this.#handle);
  }

  lastSequence() {
    return this.#handle.lastSequence();
  }

  lastRecoveredSequence() {
    return this.#handle.lastRecoveredSequence();
  }

  flush() {
    return this.#life.flush();
  }

  compact(options) {
    return this.#rewrite('compact', options, CompactionReport, this.#handle.compact);
  }

  backup(path, options) {
    const start = (tell) => this.#handle.backup(readPath(path), tell);
    return this.#rewrite('backup', options, BackupReport, start);
  }

  operations(options) {
    this.#life.assertOpen();
    return this.#histories.since(options);
  }

  consumer(name, options) {
    return this.#consumers.open(name, options);
  }

  removeConsumer(name) {
    return this.#consumers.remove(name);
  }

  close() {
    const closed = this.#life.close();
    // Before the caller hears of the end: nothing of the log is held any more then.
    closed.then(() => this.#histories.end());
    return closed;
  }

  get orThrow() {
    return new OrThrow(this);
  }

  async [asyncDispose]() {
    (await this.close()).value();
  }

  #rewrite(owner, options, Report, start) {
    if (this.#life.state !== OPEN) {
      return failing(this.#life.notOpen());
    }
    return inBackground(owner, options, (report) => new Report(report), start);
  }
}

markClass(StoreEngine, 'StoreEngine');

module.exports = { StoreEngine };
