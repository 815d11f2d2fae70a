'use strict';

const { SoftadastraError, invalidArgument, toError } = require('../types/error.js');
const { readHistoryOptions } = require('../read/history.js');
const { nextIdentity } = require('../types/identity.js');
const { OPEN } = require('../write/lifecycle.js');
const { checkNames, checkWhole } = require('../options/check.js');
const { ok, err } = require('../types/result.js');
const { Buffer } = require('../runtime/runtime.js');

const INTERNAL = Symbol('internal');
const MAX_NAME_BYTES = 255;
const CONSUMER_OPTIONS = ['since'];
const ACKNOWLEDGE_OPTIONS = ['acknowledge'];
const ACKNOWLEDGEMENT = ['consumer', 'sequence'];

/** What `acknowledge(sequence)` of a consumer of the store with this identity would store. */
let acknowledgementOf;

/** A named reader of the history whose position the log keeps. */
class Consumer {
  static {
    acknowledgementOf = (consumer, sequence, identity) => {
      if (!(consumer instanceof Consumer) || consumer.store !== identity) {
        throw invalidArgument('acknowledge needs a consumer of this store', 'consumer');
      }
      consumer.#checkRead(sequence);
      return { name: consumer.name, sequence };
    };
  }

  /** @type {string} */
  name;
  #store;
  #read;

  constructor(token, store, name, position) {
    if (token !== INTERNAL) {
      throw invalidArgument('a Consumer is made with StoreEngine.consumer(name)');
    }
    this.#store = store;
    this.#read = position;
    Object.defineProperty(this, 'name', { value: name, writable: false });
    this.store = store.identity;
  }

  position() {
    return this.#store.position(this.name);
  }

  operations(options) {
    this.#store.assertOpen();
    const checked = readHistoryOptions(options, 'operations');
    return this.#store.histories.iterate(
      () => this.position(),
      checked,
      (sequence) => {
        this.#read = Math.max(this.#read, sequence);
      },
    );
  }

  async acknowledge(sequence) {
    try {
      this.#checkRead(sequence);
      await this.#store.acknowledge(this.name, sequence);
      return ok(undefined);
    } catch (raw) {
      return err(toError(raw));
    }
  }

  #checkRead(sequence) {
    checkWhole(sequence, 'sequence');
    if (sequence > this.#read) {
      throw invalidArgument(
        `sequence ${sequence} has not been read yet: consumer "${this.name}" has read up to ${this.#read}`,
        'sequence',
      );
    }
  }
}

/** The calls of a store that concern consumers. They queue with the commits. */
class Consumers {
  identity = nextIdentity();
  histories;
  #handle;
  #life;
  #writer;

  constructor(handle, life, writer, histories) {
    this.#handle = handle;
    this.#life = life;
    this.#writer = writer;
    this.histories = histories;
  }

  async open(name, options) {
    try {
      checkName(name);
      if (options !== undefined) {
        checkNames(options, CONSUMER_OPTIONS, 'consumer');
      }
      const { since = 0 } = options ?? {};
      checkWhole(since, 'since');
      const position = await this.#run((done) => this.#handle.consumer(name, since, done));
      return ok(new Consumer(INTERNAL, this, name, position));
    } catch (raw) {
      return err(toError(raw));
    }
  }

  async remove(name) {
    try {
      checkName(name);
      await this.#run((done) => this.#handle.removeConsumer(name, done));
      return ok(undefined);
    } catch (raw) {
      return err(toError(raw));
    }
  }

  position(name) {
    this.assertOpen();
    const position = this.#handle.consumerPosition(name);
    if (position === undefined) {
      throw new SoftadastraError('not_found', `unknown consumer "${name}"`, name);
    }
    return position;
  }

  acknowledge(name, sequence) {
    return this.#run((done) => this.#handle.acknowledge(name, sequence, done));
  }

  /** {@link acknowledge} on this thread, after all that was written before. */
  acknowledgeNow({ name, sequence }) {
    this.#writer.commitNow();
    this.#handle.acknowledgeNow(name, sequence);
  }

  /** The acknowledgement in the options of a write. */
  acknowledgementOf(options, owner) {
    if (options === undefined) {
      return undefined;
    }
    checkNames(options, ACKNOWLEDGE_OPTIONS, owner);
    const { acknowledge } = options;
    if (acknowledge === undefined) {
      return undefined;
    }
    checkNames(acknowledge, ACKNOWLEDGEMENT, 'acknowledge', 'field');
    const { consumer, sequence } = acknowledge;
    return acknowledgementOf(consumer, sequence, this.identity);
  }

  assertOpen() {
    if (this.#life.state !== OPEN) {
      throw this.#life.notOpen();
    }
  }

  #run(start) {
    this.assertOpen();
    return this.#writer.result(start);
  }
}

function checkName(name) {
  if (typeof name !== 'string' || !name.isWellFormed()) {
    throw invalidArgument('the name of a consumer must be well-formed text', 'name');
  }
  const bytes = Buffer.byteLength(name);
  if (bytes < 1 || bytes > MAX_NAME_BYTES) {
    throw invalidArgument(
      `the name of a consumer has 1 to ${MAX_NAME_BYTES} bytes of UTF-8, not ${bytes}`,
      'name',
    );
  }
}

module.exports = { Consumer, Consumers };
