'use strict';

const { randomUUID } = require('node:crypto');
const { Operation } = require('../types/operation.js');

/** Keys of the bridges themselves. They stay in the store of their node. */
const OWN_KEYS = '~softadastra/';

/**
 * What a bridge remembers, in two entries of the store, so that it is stored in one frame with what it tells of, and is as old
 * as that when the store is restored from a backup.
 *
 * - `in`: `{ read, token }`, the last change that was applied, and what marks its batch.
 * - `out`: `{ identity, wrote, resend }`, whose store this is, the last change that it wrote, and up to which sequence it sends
 *   all of its history, not only what was written here.
 */
class Notes {
  #engine;
  #in;
  #out;

  constructor(engine, schema) {
    this.#engine = engine;
    this.#in = `${OWN_KEYS}postgres/${schema}/in`;
    this.#out = `${OWN_KEYS}postgres/${schema}/out`;
  }

  /** Undefined for a store that has not all of the server's state yet. */
  get read() {
    const text = this.#engine.getString(this.#in);
    return text === undefined ? undefined : JSON.parse(text);
  }

  get sent() {
    const text = this.#engine.getString(this.#out);
    return text === undefined ? { identity: randomUUID(), wrote: 0, resend: 0 } : JSON.parse(text);
  }

  readNote(read, token) {
    return Operation.put(this.#in, JSON.stringify({ read, token }));
  }

  sentNote(sent) {
    return Operation.put(this.#out, JSON.stringify(sent));
  }

  /** A write of this node, which tells its id; gives the sequence. */
  async sign() {
    const written = await this.#engine.put(this.#out, JSON.stringify(this.sent));
    return written.value().version;
  }

  /** From now on this store has to get and to give everything. */
  async startOver() {
    const sent = { ...this.sent, wrote: 0, resend: this.#engine.lastSequence() };
    const notes = [this.sentNote(sent), Operation.remove(this.#in)];
    (await this.#engine.applyBatch(notes)).value();
  }

  async setRead(read, token) {
    (await this.#engine.applyBatch([this.readNote(read, token)])).value();
  }
}

module.exports = { Notes, OWN_KEYS };
