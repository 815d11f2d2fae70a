'use strict';

const { inBackground } = require('../write/background.js');
const { entryOf } = require('../types/entry.js');
const { invalidArgument, invalidState, toError } = require('../types/error.js');
const { nextIdentity } = require('../types/identity.js');
const { unwrapKey } = require('../types/key.js');
const { native } = require('../native/addon.js');
const { checkBoolean } = require('../options/check.js');
const { readPath } = require('../options/path.js');
const { ok, err, missing } = require('../types/result.js');
const { EntryIterator, KeyIterator, PairIterator, ValueIterator } = require('../read/scan.js');
const { readRange } = require('../options/range.js');

const INTERNAL = Symbol('internal');
const OPTIONS = ['committed', 'onProgress', 'signal'];
const inspect = Symbol.for('nodejs.util.inspect.custom');
const dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose');

/** What a snapshot and its iterators read; the iterators may outlive the snapshot. */
class SnapshotSource {
  #handle;
  #closed = false;

  constructor(handle) {
    this.#handle = handle;
  }

  get handle() {
    this.assertOpen();
    return this.#handle;
  }

  scan(...page) {
    return native().snapshotScan(this.#handle, ...page);
  }

  /** Throws once the snapshot is closed. */
  assertOpen() {
    if (this.#closed) {
      throw invalidState('the snapshot is closed');
    }
  }

  close() {
    if (!this.#closed) {
      this.#closed = true;
      native().snapshotClose(this.#handle);
      this.#handle = undefined;
    }
  }
}

/** The state of a store at one moment; later writes do not show in it. */
class Snapshot {
  #source;
  #load;

  constructor(token, handle, store, load) {
    if (token !== INTERNAL) {
      throw invalidArgument('a Snapshot is made with StoreEngine.snapshot() or readLog(path)');
    }
    this.#source = new SnapshotSource(handle);
    this.#load = load;
    this.store = store;
    this.sequence = native().snapshotLastSequence(handle);
  }

  size() {
    return native().snapshotSize(this.#source.handle);
  }

  lastSequence() {
    return native().snapshotLastSequence(this.#source.handle);
  }

  get(key) {
    try {
      const text = unwrapKey(key);
      const found = native().snapshotGet(this.#source.handle, text);
      return found === undefined ? missing(text) : ok(entryOf(text, ...found));
    } catch (raw) {
      return err(toError(raw));
    }
  }

  all() {
    return this.#iterator(PairIterator, readRange(undefined));
  }

  entries(range) {
    return this.#iterator(EntryIterator, readRange(range, 'entries'));
  }

  keys(range) {
    return this.#iterator(KeyIterator, readRange(range, 'keys'));
  }

  values(range) {
    return this.#iterator(ValueIterator, readRange(range, 'values'));
  }

  close() {
    this.#source.close();
  }

  [dispose]() {
    this.#source.close();
  }

  #iterator(Iterator, range) {
    const source = this.#source;
    source.assertOpen();
    return new Iterator(source.scan.bind(source), range, source, this.#load);
  }

  toJSON() {
    return { lastSequence: this.sequence };
  }

  [inspect]() {
    return `Snapshot(of sequence ${this.sequence})`;
  }
}

/** `store` is the identity of the store whose state it is: two of one store and one sequence are equal. */
function snapshotOf(handle, store = nextIdentity(), load = undefined) {
  return new Snapshot(INTERNAL, handle, store, load);
}

/** Builds the state that a log describes, without opening the store. */
function readLog(path, options) {
  return build('readLog', path, options);
}

function build(owner, path, options) {
  return inBackground(
    owner,
    options,
    (handle) => snapshotOf(handle),
    (tell) => {
      const { committed = false } = options ?? {};
      checkBoolean(committed, 'committed');
      return native().buildSnapshot(readPath(path), committed, tell);
    },
    OPTIONS,
  );
}

/** `readLog` under the name that the family of engines has for it. */
// biome-ignore lint/complexity/noStaticOnlyClass: the published API is a class with a static method
class SnapshotBuilderStore {
  static build(path, options) {
    return build('build', path, options);
  }
}

module.exports = { Snapshot, SnapshotBuilderStore, readLog, snapshotOf };
