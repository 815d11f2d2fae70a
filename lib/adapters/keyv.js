'use strict';

const { EventEmitter } = require('node:events');
const { StoreConfig } = require('../api/config.js');
const { isOf } = require('../types/copies.js');
const { StoreEngine } = require('../api/engine.js');
const { invalidArgument } = require('../types/error.js');
const { RealPromise, soon } = require('../runtime/runtime.js');
const { inTurn } = require('../runtime/turns.js');

/** Removals in one commit of `clear()`: enough to share a sync, few enough not to hold up the event loop. */
const CLEARED_AT_ONCE = 1000;

/**
 * A storage adapter for Keyv. Keyv itself puts the expiry into the text of a value and prefixes keys with the namespace. The
 * adapter gives it to the store as well, which removes entries that nobody reads again.
 * There is no `has`: without it Keyv reads the value, so that an expired one does not count as present. Each version of Keyv
 * reports the failures of some calls; the adapter emits the others, so that each failure is reported once.
 */
class SoftadastraKeyv extends EventEmitter {
  namespace = undefined;
  // Keyv 5 iterates only over adapters of dialects that it knows.
  opts = { dialect: 'sqlite', url: '' };
  #engine;
  #owned = false;
  #askedForHas = false;
  #reported = false;

  constructor(store) {
    super();
    if (isOf(store, 'StoreEngine')) {
      this.#engine = RealPromise.resolve(store);
      return;
    }
    const config = typeof store === 'string' ? StoreConfig.durable(store) : store;
    if (!isOf(config, 'StoreConfig')) {
      throw invalidArgument('the Keyv adapter takes an open StoreEngine, a StoreConfig or a path');
    }
    this.#owned = true;
    this.#engine = open(config);
    // Every call reports a store that did not open; until the first call nobody is listening.
    this.#engine.catch(() => undefined);
  }

  /** Only Keyv 6 reads this, when it gets the adapter, and it reports each failure itself. */
  get capabilities() {
    this.#reported = true;
    return undefined;
  }

  /** There is none. Keyv 5 looks for it, reads the value instead, and reports a failure of that read itself. */
  get has() {
    this.#askedForHas = true;
    soon(() => {
      this.#askedForHas = false;
    });
    return undefined;
  }

  async get(key) {
    const reported = this.#askedForHas;
    this.#askedForHas = false;
    try {
      return await inTurn((await this.#engine).getString(key));
    } catch (error) {
      throw reported ? error : this.#report(error);
    }
  }

  async getMany(keys) {
    try {
      return await inTurn((await this.#engine).getMany(keys));
    } catch (error) {
      throw this.#report(error);
    }
  }

  async set(key, value, ttl) {
    const engine = await this.#engine;
    (await engine.put(key, textOf(value, key), { ttlMs: ttlMsOf(ttl) })).value();
    return true;
  }

  async setMany(entries) {
    const batch = entries.map(({ key, value, ttl }) => ({
      type: 'put',
      key,
      value: textOf(value, key),
      ttlMs: ttlMsOf(ttl),
    }));
    const engine = await this.#engine;
    (await engine.batch(batch)).value();
    return entries.map(() => true);
  }

  async delete(key) {
    const engine = await this.#engine;
    return (await engine.remove(key)).value().deleted;
  }

  async deleteMany(keys) {
    const engine = await this.#engine;
    const { results } = (await engine.batch(keys.map(removal))).value();
    return results.some(({ deleted }) => deleted);
  }

  async clear() {
    const prefix = prefixOf(this.namespace);
    const engine = await this.#engine;
    const state = engine.snapshot();
    try {
      let batch = [];
      for (const key of state.keys({ prefix })) {
        batch.push(removal(key));
        if (batch.length === CLEARED_AT_ONCE) {
          (await engine.batch(batch)).value();
          batch = [];
        }
      }
      (await engine.batch(batch)).value();
    } finally {
      state.close();
    }
  }

  async *iterator(namespace) {
    let state;
    try {
      state = (await this.#engine).snapshot();
    } catch (error) {
      throw this.#report(error);
    }
    try {
      for (const [key, entry] of state.entries({ prefix: prefixOf(namespace) })) {
        yield inTurn([key, entry.value.toString()]);
      }
    } finally {
      state.close();
    }
  }

  async disconnect() {
    try {
      const engine = await this.#engine;
      (await (this.#owned ? engine.close() : engine.flush())).value();
    } catch (error) {
      throw this.#report(error);
    }
  }

  /** Emits what Keyv 4 and 5 would not: they emit only failed writes, and Keyv 5 takes a failed read for a missing key. */
  #report(error) {
    if (!this.#reported) {
      this.emit('error', error);
    }
    return error;
  }
}

async function open(config) {
  return (await StoreEngine.open(config)).value();
}

function prefixOf(namespace) {
  return namespace ? `${namespace}:` : '';
}

function removal(key) {
  return { type: 'remove', key };
}

/** A time to live as the store takes it. What Keyv takes for no limit is none; Keyv itself treats the others as expired. */
function ttlMsOf(ttl) {
  const isTime = typeof ttl === 'number' && ttl > 0 && Number.isFinite(ttl);
  return isTime ? Math.min(Math.ceil(ttl), Number.MAX_SAFE_INTEGER) : undefined;
}

function textOf(value, key) {
  if (typeof value !== 'string') {
    throw invalidArgument('Keyv has to serialize values into text before they are stored', key);
  }
  return value;
}

module.exports = { SoftadastraKeyv };
