'use strict';

const { checkFunction, checkNames, checkWhole } = require('../options/check.js');
const { EXPIRY, readExpiry } = require('../options/expiry.js');
const { invalidArgument, invalidState, toError } = require('../types/error.js');
const { unwrapKey } = require('../types/key.js');
const { dismiss, err, isFailure, ok } = require('../types/result.js');
const { UpdateResult } = require('../types/results.js');
const { failing } = require('../types/settled.js');
const { RealPromise } = require('../runtime/runtime.js');
const { isRefusedCondition } = require('../write/refusal.js');

const OPTIONS = ['tries', ...EXPIRY];
const TRIES = 100;

/** How the caller's function sees entries, and what becomes of what it returns. A typed store has another one. */
const PLAIN = {
  shown: (entry) => entry,
  /** The content to store, or null to remove the entry. */
  stored(key, made) {
    if (made === undefined) {
      throw invalidArgument(
        'the function of update returned undefined: it returns the new value, null to remove the entry, or the entry itself to leave it',
        key,
      );
    }
    return made;
  },
};

/** Changes of entries that depend on what was there: read, changed, and written if nobody else was faster. */
class Updates {
  #reads;
  #changes;
  #life;
  /** For each key the end of the last update of this thread, so that those do not compete with each other. */
  #last = new Map();

  constructor(reads, changes, life) {
    this.#reads = reads;
    this.#changes = changes;
    this.#life = life;
  }

  /** Rejects with what `change` throws; everything else is a result. */
  update(key, change, options, codec = PLAIN) {
    let text;
    let tries;
    let expiry;
    try {
      this.#life.assertOpen();
      tries = readTries(options);
      expiry = expiryOf(options);
      checkFunction(change, 'the second argument of update');
      text = unwrapKey(key);
    } catch (error) {
      return failing(error);
    }
    return this.#run({ key: text, change, codec, expiry }, tries);
  }

  async #run(update, most) {
    for (let tries = 1; tries <= most; tries += 1) {
      const turn = this.#turn(update.key);
      if (turn.begun !== undefined) {
        await turn.begun;
      }
      const result = await this.#try(update, tries, turn).finally(turn.end);
      if (result !== undefined) {
        return result;
      }
    }
    const often = most === 1 ? 'the one try' : `each of ${most} tries`;
    const why = 'by others, or by the function of update itself';
    return err(invalidState(`the entry was changed during ${often}, ${why}`, update.key));
  }

  /** The result; undefined when the entry was changed meanwhile. */
  async #try(update, tries, turn) {
    const { key, change, codec, expiry } = update;
    const found = this.#reads.get(key);
    if (isFailure(found) && found.content.code !== 'not_found') {
      return found;
    }
    const entry = found.ok ? found.value() : undefined;
    let shown;
    try {
      shown = entry && codec.shown(entry);
    } catch (error) {
      return err(toError(error));
    }
    let made = change(shown);
    if (typeof made?.then === 'function') {
      // It may wait for another update of this key.
      turn.end();
      made = await made;
    }
    let content;
    try {
      content = shown !== undefined && made === shown ? entry : codec.stored(key, made);
    } catch (error) {
      return err(toError(error));
    }
    if (content === entry || (content === null && entry === undefined)) {
      return this.#unchanged(key, entry, tries);
    }
    const options = { ...expiry, ifVersion: entry?.version ?? 0 };
    return resultOf(await this.#write(key, content, options), tries);
  }

  #unchanged(key, entry, tries) {
    // An asynchronous function can have outlasted the store.
    try {
      this.#life.assertOpen();
    } catch (error) {
      return err(error);
    }
    return ok(new UpdateResult(key, entry?.version ?? 0, {}, tries));
  }

  #write(key, content, options) {
    return content === null
      ? this.#changes.remove(key, { ifVersion: options.ifVersion })
      : this.#changes.put(key, content, options);
  }

  /** The next turn of a key: when it begins, and what ends it. */
  #turn(key) {
    const begun = this.#last.get(key);
    let end;
    const ended = new RealPromise((resolve) => {
      end = () => {
        if (this.#last.get(key) === ended) {
          this.#last.delete(key);
        }
        resolve(undefined);
      };
    });
    this.#last.set(key, ended);
    return { begun, end };
  }
}

function resultOf(written, tries) {
  if (!isFailure(written)) {
    const done = written.value();
    return ok(new UpdateResult(done.key, done.version, done, tries));
  }
  if (!isRefusedCondition(written)) {
    return written;
  }
  dismiss(written);
  return undefined;
}

/** What the put of a new value is told of its expiry: a time to live begins with the put. */
function expiryOf(options) {
  const { ttlMs, expiresAt } = options ?? {};
  readExpiry({ ttlMs, expiresAt });
  return { ttlMs, expiresAt };
}

function readTries(options) {
  if (options !== undefined) {
    checkNames(options, OPTIONS, 'update');
  }
  const { tries: given = TRIES } = options ?? {};
  const tries = checkWhole(given, 'tries');
  if (tries === 0) {
    throw invalidArgument('tries must be 1 or more', 'tries');
  }
  return tries;
}

module.exports = { Updates };
