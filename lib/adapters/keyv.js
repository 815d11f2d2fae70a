'use strict';

const { EventEmitter } = require('node:events');
const { StoreConfig } = require('../config.js');
const { StoreEngine } = require('../engine.js');
const { invalidArgument } = require('../error.js');
const { RealPromise } = require('../runtime.js');

/** Removals in one commit of `clear()`: many for each sync, and the event loop is not held for long. */
const CLEARED_AT_ONCE = 1000;

/**
 * A storage adapter of Keyv. Keyv itself puts the expiry into the text of a value and prefixes keys with the namespace.
 * There is no `has`: without it Keyv reads the value, and does not take an expired one for present.
 */
class SoftadastraKeyv extends EventEmitter {
  namespace = undefined;
  // Keyv 5 iterates only over adapters of dialects that it has heard of.
  opts = { dialect: 'sqlite', url: '' };
  #engine;
  #owned = false;

  constructor(store) {
    super();
    if (store instanceof StoreEngine) {
      this.#engine = RealPromise.resolve(store);
      return;
    }
    const config = typeof store === 'string' ? StoreConfig.durable(store) : store;
    if (!(config instanceof StoreConfig)) {
      throw invalidArgument('the Keyv adapter takes an open StoreEngine, a StoreConfig or a path');
    }
    this.#owned = true;
    this.#engine = open(config);
    // Every call reports a store that did not open; nobody may have called yet.
    this.#engine.catch(() => undefined);
  }

  async get(key) {
    try {
      return (await this.#engine).getString(key);
    } catch (error) {
      // Keyv 5 takes a failed read for a missing key, so it would not be heard of.
      this.emit('error', error);
      throw error;
    }
  }

  async getMany(keys) {
    return (await this.#engine).getMany(keys);
  }

  async set(key, value) {
    const engine = await this.#engine;
    (await engine.put(key, textOf(value, key))).value();
    return true;
  }

  async setMany(entries) {
    const batch = entries.map(({ key, value }) => ({
      type: 'put',
      key,
      value: textOf(value, key),
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
    let batch = [];
    for (const key of engine.snapshot().keys({ prefix })) {
      batch.push(removal(key));
      if (batch.length === CLEARED_AT_ONCE) {
        (await engine.batch(batch)).value();
        batch = [];
      }
    }
    (await engine.batch(batch)).value();
  }

  async *iterator(namespace) {
    const engine = await this.#engine;
    for (const [key, entry] of engine.snapshot().entries({ prefix: prefixOf(namespace) })) {
      yield [key, entry.value.toString()];
    }
  }

  async disconnect() {
    const engine = await this.#engine;
    (await (this.#owned ? engine.close() : engine.flush())).value();
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

function textOf(value, key) {
  if (typeof value !== 'string') {
    throw invalidArgument('Keyv has to serialize values into text before they are stored', key);
  }
  return value;
}

module.exports = { SoftadastraKeyv };
