'use strict';

const { KeyedCodec } = require('../types/codec.js');
const { changesOf, typedChange } = require('../types/change.js');
const { isOf } = require('../types/copies.js');
const { Entry } = require('../types/entry.js');
const { invalidArgument, toError } = require('../types/error.js');
const { unwrapKey } = require('../types/key.js');
const { err, isFailure, ok } = require('../types/result.js');
const { failing } = require('../types/settled.js');
const { batchError } = require('../write/batch.js');

const INTERNAL = Symbol('internal');

/** A store whose values are encoded and decoded by a codec. It is a view: it has no state of its own. */
class TypedStore {
  #engine;
  #codec;
  #parts;

  constructor(token, engine, codec, parts) {
    if (token !== INTERNAL) {
      throw invalidArgument('a TypedStore is made with StoreEngine.as(codec)');
    }
    this.#engine = engine;
    this.#codec = new KeyedCodec(codec);
    this.#parts = parts;
    this.store = engine.identity;
  }

  put(key, value, options) {
    try {
      return this.#engine.put(key, this.#codec.encode(unwrapKey(key), value), options);
    } catch (error) {
      return failing(error);
    }
  }

  putSync(key, value, options) {
    try {
      return this.#engine.putSync(key, this.#codec.encode(unwrapKey(key), value), options);
    } catch (error) {
      return err(toError(error));
    }
  }

  remove(key, options) {
    return this.#engine.remove(key, options);
  }

  removeSync(key, options) {
    return this.#engine.removeSync(key, options);
  }

  batch(operations) {
    try {
      return this.#engine.batch(this.#allEncoded(operations));
    } catch (error) {
      return failing(error);
    }
  }

  batchSync(operations) {
    try {
      return this.#engine.batchSync(this.#allEncoded(operations));
    } catch (error) {
      return err(toError(error));
    }
  }

  update(key, change, options) {
    return this.#parts.updates.update(key, change, options, {
      shown: (entry) => this.#decoded(entry),
      stored: (text, made) => this.#codec.encode(text, made),
    });
  }

  get(key) {
    const found = this.#engine.get(key);
    if (isFailure(found)) {
      return found;
    }
    try {
      return ok(this.#decoded(found.value()));
    } catch (error) {
      return err(toError(error));
    }
  }

  getMany(keys) {
    // For its error: without keys, nothing else would check whether the store is open.
    this.#engine.size();
    if (!Array.isArray(keys)) {
      throw invalidArgument('getMany takes an array of keys');
    }
    return Array.from(keys, (key) => {
      const found = this.get(key);
      // Not its error, whose stack would be captured for each missing key.
      return found.isErr() && found.content.code === 'not_found' ? undefined : found.value().value;
    });
  }

  entries(range) {
    return this.#each(this.#engine.entries(range), (entry) => [entry.key, entry]);
  }

  values(range) {
    return this.#each(this.#engine.entries(range), (entry) => entry.value);
  }

  watch(range, options) {
    return this.#parts.watch(range, options, (page) => this.#changesOf(page));
  }

  *#changesOf(page) {
    for (const change of changesOf(page)) {
      const { key, value } = change;
      yield value === undefined ? change : typedChange(change, this.#codec.decode(key, value));
    }
  }

  *#each(entries, given) {
    for (const [, entry] of entries) {
      yield given(this.#decoded(entry));
    }
  }

  #decoded({ key, value, version, timestamp, expiresAt }) {
    return new Entry(key, this.#codec.decode(key, value), version, timestamp, expiresAt);
  }

  #allEncoded(operations) {
    return Array.isArray(operations) ? operations.map(this.#encoded, this) : operations;
  }

  #encoded(operation, index) {
    if (isOf(operation, 'Operation')) {
      const wrong = 'an Operation has no typed value: pass an object with type, key and value';
      throw batchError(invalidArgument(wrong), index);
    }
    if (operation?.type !== 'put') {
      return operation;
    }
    // Inherited fields are read too, as the batch itself does.
    const { type, key, value, ifVersion, ttlMs, expiresAt } = operation;
    try {
      const encoded = this.#codec.encode(unwrapKey(key), value);
      return { ...operation, type, key, value: encoded, ifVersion, ttlMs, expiresAt };
    } catch (error) {
      throw batchError(error, index);
    }
  }
}

/** `parts` are what a view needs of the store beyond its calls: its updates, and watches that show changes in another way. */
function typed(engine, codec, parts) {
  return new TypedStore(INTERNAL, engine, codec, parts);
}

module.exports = { TypedStore, typed };
