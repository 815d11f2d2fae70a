'use strict';

const { checkClientOptions } = require('../options/client-options.js');
const { StoreConfig } = require('./config.js');
const { StoreEngine } = require('./engine.js');
const { SoftadastraError, invalidState, toError } = require('../types/error.js');
const { nextIdentity } = require('../types/identity.js');
const { asyncDispose } = require('../write/lifecycle.js');
const { readPath, workingFolder } = require('../options/path.js');
const { ok, err, isFailure } = require('../types/result.js');
const { failing, settled } = require('../types/settled.js');
const { inTurn } = require('../runtime/turns.js');

const DONE = settled(ok(undefined));

/** The store of the documented SDK: one node, its options, and promises of results. */
class Client {
  #options;
  /** Where a relative path begins, so that every open() of the client leads to one log. */
  #folder = workingFolder();
  #engine = undefined;
  /** The opening that no close has overtaken, as promises of its engine and of the result of `open`. */
  #opening = undefined;
  #closing = DONE;
  #closed = false;

  constructor(options) {
    this.#options = options;
    this.identity = nextIdentity();
  }

  open() {
    if (this.#engine !== undefined) {
      return failing(invalidState('the client is already open'));
    }
    this.#opening ??= this.#begin();
    return this.#opening.done;
  }

  close() {
    const opening = this.#opening;
    if (opening !== undefined || this.#engine !== undefined) {
      // A close that overtakes an open waits for it, so that no store stays open. A later open waits for the close.
      const closed = opening === undefined ? this.#engine.close() : closeOpened(opening.engine);
      this.#opening = undefined;
      this.#engine = undefined;
      this.#closing = closed;
    }
    this.#closed = true;
    return this.#closing;
  }

  put(key, value) {
    return this.#engine?.put(key, value) ?? settled(this.#notOpen());
  }

  async get(key) {
    const found = this.#engine?.get(key) ?? this.#notOpen();
    return inTurn(isFailure(found) ? found : ok(found.value().value));
  }

  remove(key) {
    return this.#engine?.remove(key) ?? settled(this.#notOpen());
  }

  contains(key) {
    return this.#whileOpen((engine) => engine.contains(key), false);
  }

  size() {
    return this.#whileOpen((engine) => engine.size(), 0);
  }

  empty() {
    return this.size() === 0;
  }

  async [asyncDispose]() {
    (await this.close()).value();
  }

  #begin() {
    const opening = { engine: this.#open(), done: undefined };
    opening.done = opening.engine.then((opened) => {
      const isOvertaken = this.#opening !== opening;
      this.#opening = isOvertaken ? this.#opening : undefined;
      if (isFailure(opened)) {
        return opened;
      }
      this.#engine = isOvertaken ? this.#engine : opened.value();
      return ok(undefined);
    });
    return opening;
  }

  async #open() {
    let config;
    try {
      config = this.#readOptions();
    } catch (error) {
      return err(toError(error));
    }
    await this.#closing;
    return StoreEngine.open(config);
  }

  #readOptions() {
    const options = this.#options;
    checkClientOptions(options);
    if (options.enableTransport) {
      throw notHere('transport_error', 'enableTransport', '@softadastra/transport');
    }
    if (options.enableDiscovery) {
      throw notHere('discovery_error', 'enableDiscovery', '@softadastra/discovery');
    }
    if (!options.enableWal) {
      return StoreConfig.memoryOnly();
    }
    return StoreConfig.durable(readPath(options.walPath, this.#folder), {
      autoFlush: options.autoFlush,
    });
  }

  /** What `ask` gets from the engine. It may not be open although the client is: another thread can recover a shared log. */
  #whileOpen(ask, otherwise) {
    try {
      return this.#engine === undefined ? otherwise : ask(this.#engine);
    } catch (error) {
      if (error.code === 'invalid_state') {
        return otherwise;
      }
      throw error;
    }
  }

  #notOpen() {
    const message = this.#closed
      ? 'the client is closed'
      : 'the client is not open: call open() first';
    return err(invalidState(message));
  }
}

async function closeOpened(engine) {
  const opened = await engine;
  return isFailure(opened) ? ok(undefined) : opened.value().close();
}

function notHere(code, option, owner) {
  return new SoftadastraError(
    code,
    `${option} is set, but this package only stores: ${owner} owns it`,
    option,
  );
}

module.exports = { Client };
