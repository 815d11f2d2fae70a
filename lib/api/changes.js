'use strict';

const { checkIfVersion, checkNames, readIfVersion } = require('../options/check.js');
const { EXPIRY, readExpiry } = require('../options/expiry.js');
const { readIfNewer } = require('../options/if-newer.js');
const { isBytes } = require('../types/bytes.js');
const { isOf } = require('../types/copies.js');
const { invalidArgument, toError } = require('../types/error.js');
const { unwrapKey } = require('../types/key.js');
const { readOperation, readType } = require('../types/operation.js');
const { err, ok } = require('../types/result.js');
const { BatchResult } = require('../types/results.js');
const { failing, settled } = require('../types/settled.js');
const { unwrapValue } = require('../types/value.js');
const { ApplyBatchWrite } = require('../write/apply-batch.js');
const { BatchWrite } = require('../write/batch.js');
const { ApplyWrite, PutWrite, RemoveWrite } = require('../write/writes.js');

const PUT_OPTIONS = ['ifVersion', ...EXPIRY];
const APPLY_OPTIONS = [...PUT_OPTIONS, 'ifNewer'];
const MEMBER_FIELDS = ['operation', ...APPLY_OPTIONS];

/** The calls of a store that change its entries, each with its twin that does it on this thread. */
class Changes {
  #writer;
  #life;
  #consumers;

  constructor(writer, life, consumers) {
    this.#writer = writer;
    this.#life = life;
    this.#consumers = consumers;
  }

  put(key, value, options) {
    try {
      this.#life.assertOpen();
      const ifVersion = conditionOf(options);
      const expiresAt = readExpiry(options);
      const text = typeof key === 'string' ? key : unwrapKey(key);
      // The value last: reading the others can run the caller's code, which may take its memory away.
      const content = typeof value === 'string' ? value : unwrapValue(value);
      // That code may have closed the store as well.
      this.#life.assertOpen();
      return expiresAt === 0
        ? this.#writer.put(text, content, ifVersion)
        : this.#writer.write(new PutWrite(text, content, ifVersion, expiresAt));
    } catch (error) {
      return failing(error);
    }
  }

  putSync(key, value, options) {
    return this.#now(putOf, key, value, options);
  }

  remove(key, options) {
    return this.#later(removalOf, key, options);
  }

  removeSync(key, options) {
    return this.#now(removalOf, key, options);
  }

  batch(operations) {
    return this.#later(batchOf, operations);
  }

  batchSync(operations) {
    return this.#now(batchOf, operations);
  }

  apply(operation, options) {
    return this.#later(applicationOf, operation, options);
  }

  applySync(operation, options) {
    return this.#now(applicationOf, operation, options);
  }

  applyBatch(operations, options) {
    return this.#later(this.#applications, operations, options);
  }

  applyBatchSync(operations, options) {
    return this.#now(this.#applications, operations, options);
  }

  #later(read, a, b, c) {
    try {
      const write = this.#read(read, a, b, c);
      if (write.size > 0) {
        return this.#writer.write(write);
      }
      return write.acknowledgement === undefined
        ? settled(nothing())
        : this.#acknowledge(write.acknowledgement);
    } catch (error) {
      return failing(error);
    }
  }

  #now(read, a, b, c) {
    try {
      const write = this.#read(read, a, b, c);
      if (write.size > 0) {
        return this.#writer.writeNow(write);
      }
      if (write.acknowledgement !== undefined) {
        this.#consumers.acknowledgeNow(write.acknowledgement);
      }
      return nothing();
    } catch (error) {
      return err(toError(error));
    }
  }

  async #acknowledge({ name, sequence }) {
    try {
      await this.#consumers.acknowledge(name, sequence);
      return nothing();
    } catch (raw) {
      return err(toError(raw));
    }
  }

  #applications = (operations, options) => {
    const acknowledgement = this.#consumers.acknowledgementOf(options, 'applyBatch');
    return new ApplyBatchWrite(operations, memberOf, acknowledgement);
  };

  #read(read, a, b, c) {
    this.#life.assertOpen();
    const write = read(a, b, c);
    // Reading the arguments can run the caller's code, and that may have closed the store.
    this.#life.assertOpen();
    return write;
  }
}

function nothing() {
  return ok(new BatchResult([], 0));
}

function putOf(key, value, options) {
  // The value last: reading the others can run the caller's code, which may take its memory away.
  const ifVersion = conditionOf(options);
  const expiresAt = readExpiry(options);
  const text = typeof key === 'string' ? key : unwrapKey(key);
  const content = typeof value === 'string' ? value : unwrapValue(value);
  return new PutWrite(text, content, ifVersion, expiresAt);
}

function conditionOf(options) {
  return options === undefined ? -1 : readIfVersion(options, 'put', PUT_OPTIONS);
}

function removalOf(key, options) {
  return new RemoveWrite(unwrapKey(key), readIfVersion(options, 'remove'));
}

function batchOf(operations) {
  return new BatchWrite(operations);
}

function applicationOf(operation, options) {
  if (options !== undefined) {
    checkNames(options, APPLY_OPTIONS, 'apply');
  }
  return applied(readOperation(operation), options);
}

/** An operation of a batch, alone or with its condition and its expiry. */
function memberOf(given) {
  if (isOf(given, 'Operation') || isBytes(given)) {
    return applied(readOperation(given));
  }
  if (typeof given !== 'object' || given === null) {
    throw invalidArgument('an operation must be an Operation, its payload or an object with one');
  }
  checkNames(given, MEMBER_FIELDS, 'an operation of applyBatch', 'field');
  return applied(readOperation(given.operation), given);
}

function applied({ type, key, value, timestamp }, options) {
  const ifVersion = checkIfVersion(options?.ifVersion);
  const ifNewer = readIfNewer(options?.ifNewer, ifVersion);
  const expiresAt = readExpiry(options);
  const read = readType(type);
  if (expiresAt !== 0 && read !== 'put') {
    throw invalidArgument('only a put can expire');
  }
  const content = { type: read, key: unwrapKey(key), value: unwrapValue(value), timestamp };
  return new ApplyWrite(content, ifVersion, expiresAt, ifNewer);
}

module.exports = { Changes };
