'use strict';

const { entryOf } = require('./entry.js');
const { invalidArgument, toError } = require('./error.js');
const { unwrapKey } = require('./key.js');
const native = require('./native.js');
const { readPath } = require('./path.js');
const { ok, err, missing } = require('./result.js');
const { EntryIterator, KeyIterator, PairIterator, ValueIterator, readRange } = require('./scan.js');

const INTERNAL = Symbol('internal');

/** The state of a store at one moment; later writes do not show in it. */
class Snapshot {
  #handle;

  constructor(token, handle) {
    if (token !== INTERNAL) {
      throw invalidArgument(
        'a Snapshot is made with StoreEngine.snapshot() or SnapshotBuilderStore.build(path)',
      );
    }
    this.#handle = handle;
  }

  size() {
    return this.#handle.size();
  }

  lastSequence() {
    return this.#handle.lastSequence();
  }

  get(key) {
    const text = unwrapKey(key);
    try {
      const found = this.#handle.get(text);
      return found === undefined ? missing(text) : ok(entryOf(text, found[0], found[1], found[2]));
    } catch (raw) {
      return err(toError(raw));
    }
  }

  all() {
    return new PairIterator(this.#handle.scan, readRange(undefined));
  }

  entries(range) {
    return new EntryIterator(this.#handle.scan, readRange(range, 'entries'));
  }

  keys(range) {
    return new KeyIterator(this.#handle.scan, readRange(range, 'keys'));
  }

  values(range) {
    return new ValueIterator(this.#handle.scan, readRange(range, 'values'));
  }
}

function snapshotOf(handle) {
  return new Snapshot(INTERNAL, handle);
}

/** Builds the state that a log describes, without opening the store. */
// biome-ignore lint/complexity/noStaticOnlyClass: the published API is a class with a static method
class SnapshotBuilderStore {
  static build(path) {
    return new Promise((resolve) => {
      try {
        native.buildSnapshot(readPath(path), (error, handle) => {
          resolve(error ? err(toError(error)) : ok(snapshotOf(handle)));
        });
      } catch (raw) {
        resolve(err(toError(raw)));
      }
    });
  }
}

module.exports = { Snapshot, SnapshotBuilderStore, snapshotOf };
