'use strict';

const { existsSync } = require('node:fs');
const { AbstractLevel, AbstractSnapshot } = require('abstract-level');
const { StoreConfig } = require('../api/config.js');
const { StoreEngine } = require('../api/engine.js');
const { readPath, workingFolder } = require('../options/path.js');
const { RealPromise } = require('../runtime/runtime.js');
const { inTurn } = require('../runtime/turns.js');
const { EntryCursor, KeyCursor, ValueCursor, contentOf, storeRange } = require('./level-cursor.js');
const { LevelError, openError, operationError } = require('./level-error.js');
const { checkLevelView, toStoreKey } = require('./level-key.js');

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
  /** Where a relative location begins: it is opened only later, and may be opened again. */
  #folder = workingFolder();
  #engine = undefined;
  #autoFlush = true;

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
    const { snapshot, valueEncoding } = options;
    if (snapshot || valueEncoding !== 'utf8') {
      return inTurn(keys.map((key) => this._getSync(key, options)));
    }
    const stored = keys.map(toStoreKey);
    return inTurn(this.#read(stored, () => this.#engine.getMany(stored)));
  }

  async _has(key, { snapshot }) {
    const stored = toStoreKey(key);
    const found = this.#read([stored], () =>
      snapshot
        ? fromSnapshot(snapshot[kState], stored, 'buffer') !== undefined
        : // A store that is not open contains nothing, and says why when it is read.
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

  /** Where an iterator finds its state: in the snapshot that it was given, or in one of this moment, which is its own. */
  #momentOf({ snapshot }) {
    if (snapshot) {
      return { open: () => snapshot[kState], close: () => undefined };
    }
    // abstract-level expects no error here: an iterator that it has deferred would never answer.
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

  #failure(error, keys) {
    return operationError(error, keys, this.#engine.stats().poisoned);
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

/**
 * Has a database and its sublevels look at a key and a value before they encode it: most encodings take a view that lost its
 * memory for an empty one.
 */
function refuseLostViews(db) {
  const { _assertValidKey, _assertValidValue, _sublevel, clear } = db;
  db._assertValidKey = (key) => {
    _assertValidKey.call(db, key);
    checkLevelView(key, 'key');
  };
  db._assertValidValue = (value) => {
    _assertValidValue.call(db, value);
    checkLevelView(value, 'value');
  };
  for (const kind of ['iterator', 'keys', 'values']) {
    const make = db[kind];
    db[kind] = (options) => {
      checkBounds(options);
      return make.call(db, options);
    };
  }
  db.clear = async (options) => {
    checkBounds(options);
    return clear.call(db, options);
  };
  db._sublevel = (name, options) => refuseLostViews(_sublevel.call(db, name, options));
  return db;
}

function checkBounds(options) {
  for (const name of ['gt', 'gte', 'lt', 'lte']) {
    checkLevelView(options?.[name], 'key');
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
