'use strict';

const { existsSync } = require('node:fs');
const { AbstractLevel, AbstractSnapshot } = require('abstract-level');
const { StoreConfig } = require('../api/config.js');
const { StoreEngine } = require('../api/engine.js');
const { readPath, workingFolder } = require('../options/path.js');
const { RealPromise } = require('../runtime/runtime.js');
const { dismiss } = require('../types/result.js');
const { inTurn } = require('../runtime/turns.js');
const { EntryCursor, KeyCursor, ValueCursor, contentOf, storeRange } = require('./level-cursor.js');
const { LevelError, openError, operationError } = require('./level-error.js');
const { toStoreKey } = require('./level-key.js');
const { refuseLostViews } = require('./level-views.js');

const MANIFEST = {
  encodings: { utf8: true, buffer: true },
  implicitSnapshots: true,
  explicitSnapshots: true,
  createIfMissing: true,
  errorIfExists: true,
  has: true,
  getSync: true,
};

/** Removals in one commit of `clear()`: enough to share a sync, few enough not to hold up the event loop. */
const CLEARED_AT_ONCE = 1000;

/** The state of a snapshot. */
const kState = Symbol.for('@softadastra/store.state');

class SoftadastraSnapshot extends AbstractSnapshot {
  constructor(options, state) {
    // @ts-expect-error its declarations leave the options out
    super(options);
    this[kState] = state;
  }

  async _close() {
    this[kState].close();
  }
}

/** A database of abstract-level whose data is in a store. */
class SoftadastraLevel extends AbstractLevel {
  #location;
  /** What a relative location is relative to: it is opened later, and may be opened again. */
  #folder = workingFolder();
  #engine = undefined;
  #autoFlush = true;
  /** Whether reads may have to wait for the disk. */
  #pages = false;

  constructor(location, options) {
    super(MANIFEST, options);
    this.#location = location;
    refuseLostViews(this);
  }

  get location() {
    return this.#location;
  }

  get engine() {
    return this.#engine;
  }

  async _open({ createIfMissing, errorIfExists, autoFlush = true, memoryLimit }) {
    const path = this.#path();
    if (!createIfMissing && !existsSync(path)) {
      throw new LevelError('LEVEL_IO_ERROR', `${path} does not exist (createIfMissing is false)`);
    }
    if (errorIfExists && existsSync(path)) {
      throw new LevelError('LEVEL_IO_ERROR', `${path} exists (errorIfExists is true)`);
    }
    const opened = await StoreEngine.open(StoreConfig.durable(path, { autoFlush, memoryLimit }));
    if (opened.isErr()) {
      throw openError(opened.error());
    }
    this.#engine = opened.value();
    this.#autoFlush = autoFlush;
    this.#pages = memoryLimit !== undefined;
  }

  #path() {
    try {
      return readPath(this.#location, this.#folder);
    } catch (error) {
      throw openError(error);
    }
  }

  async _close() {
    const closed = await this.#engine.close();
    if (closed.isErr()) {
      throw this.#failure(closed.error(), []);
    }
    this.#engine = undefined;
  }

  async _put(key, value, { sync }) {
    const stored = toStoreKey(key);
    await this.#commit(this.#engine.put(stored, value), [stored], sync);
  }

  async _del(key, { sync }) {
    const stored = toStoreKey(key);
    await this.#commit(this.#engine.remove(stored), [stored], sync);
  }

  async _batch(operations, { sync }) {
    const batch = operations.map(({ type, key, value }) =>
      type === 'put'
        ? { type: 'put', key: toStoreKey(key), value }
        : { type: 'remove', key: toStoreKey(key) },
    );
    const keys = batch.map(({ key }) => key);
    await this.#commit(this.#engine.batch(batch), keys, sync);
  }

  /** @param {any} options */
  async _clear({ snapshot, limit, sync, ...options }) {
    const range = { ...storeRange(options), limit: limit === -1 ? undefined : limit };
    if (snapshot) {
      await this.#clear(
        this.#read([], () => snapshot[kState].keys(range)),
        sync,
      );
      return;
    }
    const state = this.#now();
    try {
      await this.#clear(
        this.#read([], () => state.keys(range)),
        sync,
      );
    } finally {
      state.close();
    }
  }

  async #clear(keys, sync) {
    let batch = [];
    for (const key of keys) {
      batch.push({ type: 'remove', key });
      if (batch.length === CLEARED_AT_ONCE) {
        await this.#commit(this.#engine.batch(batch), [], false);
        batch = [];
      }
    }
    await this.#commit(this.#engine.batch(batch), [], sync);
  }

  async _get(key, options) {
    if (this.#pages) await this.#load([key]);
    return inTurn(this._getSync(key, options));
  }

  _getSync(key, { snapshot, valueEncoding }) {
    const stored = toStoreKey(key);
    return this.#read([stored], () => {
      if (snapshot) {
        return fromSnapshot(snapshot[kState], stored, valueEncoding);
      }
      return valueEncoding === 'utf8'
        ? this.#engine.getString(stored)
        : this.#engine.getBytes(stored);
    });
  }

  async _getMany(keys, options) {
    if (this.#pages) await this.#load(keys);
    const { snapshot, valueEncoding } = options;
    if (snapshot || valueEncoding !== 'utf8') {
      return inTurn(keys.map((key) => this._getSync(key, options)));
    }
    const stored = keys.map(toStoreKey);
    return inTurn(this.#read(stored, () => this.#engine.getMany(stored)));
  }

  async _has(key, { snapshot }) {
    if (this.#pages) await this.#load([key]);
    const stored = toStoreKey(key);
    const found = this.#read([stored], () =>
      snapshot
        ? fromSnapshot(snapshot[kState], stored, 'buffer') !== undefined
        : // A store that is not open contains nothing; reading it says why.
          this.#engine.contains(stored) || this.#engine.getBytes(stored) !== undefined,
    );
    return inTurn(found);
  }

  async _hasMany(keys, options) {
    return RealPromise.all(keys.map((key) => this._has(key, options)));
  }

  _iterator(options) {
    return new EntryCursor(this, options, this.#momentOf(options));
  }

  _keys(options) {
    return new KeyCursor(this, options, this.#momentOf(options));
  }

  _values(options) {
    return new ValueCursor(this, options, this.#momentOf(options));
  }

  _snapshot(options) {
    return new SoftadastraSnapshot(options, this.#now());
  }

  /** Where an iterator finds its state: in the snapshot that it was given, or in a new one of its own. */
  #momentOf({ snapshot }) {
    if (snapshot) {
      return { open: () => snapshot[kState], close: () => undefined };
    }
    // abstract-level expects no error here: a deferred iterator would never answer.
    try {
      const state = this.#now();
      return { open: () => state, close: () => state.close() };
    } catch (error) {
      const open = () => {
        throw error;
      };
      return { open, close: () => undefined };
    }
  }

  #now() {
    return this.#read([], () => this.#engine.snapshot());
  }

  /** Has what these keys need in memory. What fails at that fails again when they are read. */
  #load(keys) {
    return this.#engine.load(this.#read(keys, () => keys.map(toStoreKey))).then(dismiss);
  }

  #failure(error, keys) {
    return operationError(error, keys, this.#engine);
  }

  #read(keys, read) {
    try {
      return read();
    } catch (error) {
      throw this.#failure(error, keys);
    }
  }

  async #commit(write, keys, sync) {
    const written = await write;
    if (written.isErr()) {
      throw this.#failure(written.error(), keys);
    }
    if (sync && !this.#autoFlush) {
      await this.#commit(this.#engine.flush(), [], false);
    }
  }
}

function fromSnapshot(state, key, format) {
  const found = state.get(key);
  if (found.isOk()) {
    return contentOf(found.value().value, format);
  }
  if (found.error().code === 'not_found') {
    return undefined;
  }
  throw found.error();
}

module.exports = { SoftadastraLevel };
