'use strict';

const { existsSync } = require('node:fs');
const { AbstractLevel, AbstractSnapshot } = require('abstract-level');
const { StoreConfig } = require('../config.js');
const { StoreEngine } = require('../engine.js');
const { readPath, workingFolder } = require('../path.js');
const { EntryCursor, KeyCursor, ValueCursor, contentOf, storeRange } = require('./level-cursor.js');
const { LevelError, openError, operationError } = require('./level-error.js');
const { toStoreKey } = require('./level-key.js');

const MANIFEST = {
  encodings: { utf8: true, buffer: true },
  implicitSnapshots: true,
  explicitSnapshots: true,
  createIfMissing: true,
  errorIfExists: true,
  has: true,
  getSync: true,
};

/** Removals in one commit of `clear()`: many for each sync, and the event loop is not held for long. */
const CLEARED_AT_ONCE = 1000;

/** The state behind a snapshot. */
const kState = Symbol('state');

class SoftadastraSnapshot extends AbstractSnapshot {
  constructor(options, state) {
    super(options);
    this[kState] = state;
  }

  async _close() {
    this[kState] = undefined;
  }
}

/** A database of abstract-level whose data is in a store. */
class SoftadastraLevel extends AbstractLevel {
  #location;
  /** Where a relative location begins: it is opened only later, and may be opened again. */
  #folder = workingFolder();
  #engine = undefined;
  #autoFlush = true;

  constructor(location, options) {
    super(MANIFEST, options);
    this.#location = location;
  }

  get location() {
    return this.#location;
  }

  get engine() {
    return this.#engine;
  }

  async _open({ createIfMissing, errorIfExists, autoFlush = true }) {
    const path = this.#path();
    if (!createIfMissing && !existsSync(path)) {
      throw new LevelError('LEVEL_IO_ERROR', `${path} does not exist (createIfMissing is false)`);
    }
    if (errorIfExists && existsSync(path)) {
      throw new LevelError('LEVEL_IO_ERROR', `${path} exists (errorIfExists is true)`);
    }
    const opened = await StoreEngine.open(StoreConfig.durable(path, { autoFlush }));
    if (opened.isErr()) {
      throw openError(opened.error());
    }
    this.#engine = opened.value();
    this.#autoFlush = autoFlush;
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
      throw operationError(closed.error(), []);
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

  async _clear({ snapshot, limit, sync, ...options }) {
    const state = snapshot ? snapshot[kState] : this.#engine.snapshot();
    const range = { ...storeRange(options), limit: limit === -1 ? undefined : limit };
    let batch = [];
    for (const key of state.keys(range)) {
      batch.push({ type: 'remove', key });
      if (batch.length === CLEARED_AT_ONCE) {
        await this.#commit(this.#engine.batch(batch), [], false);
        batch = [];
      }
    }
    await this.#commit(this.#engine.batch(batch), [], sync);
  }

  async _get(key, options) {
    return this._getSync(key, options);
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
    const { snapshot, valueEncoding } = options;
    if (snapshot || valueEncoding !== 'utf8') {
      return keys.map((key) => this._getSync(key, options));
    }
    const stored = keys.map(toStoreKey);
    return this.#read(stored, () => this.#engine.getMany(stored));
  }

  async _has(key, { snapshot }) {
    const stored = toStoreKey(key);
    return this.#read([stored], () =>
      snapshot
        ? fromSnapshot(snapshot[kState], stored, 'buffer') !== undefined
        : this.#engine.contains(stored),
    );
  }

  async _hasMany(keys, options) {
    return Promise.all(keys.map((key) => this._has(key, options)));
  }

  _iterator(options) {
    return new EntryCursor(this, options, this.#stateOf(options));
  }

  _keys(options) {
    return new KeyCursor(this, options, this.#stateOf(options));
  }

  _values(options) {
    return new ValueCursor(this, options, this.#stateOf(options));
  }

  _snapshot(options) {
    return new SoftadastraSnapshot(options, this.#engine.snapshot());
  }

  /** Where an iterator finds its state: in the snapshot that it was given, or in one of this moment. */
  #stateOf({ snapshot }) {
    if (snapshot) {
      return () => snapshot[kState];
    }
    const state = this.#engine.snapshot();
    return () => state;
  }

  #read(keys, read) {
    try {
      return read();
    } catch (error) {
      throw operationError(error, keys);
    }
  }

  async #commit(write, keys, sync) {
    const written = await write;
    if (written.isErr()) {
      throw operationError(written.error(), keys);
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
