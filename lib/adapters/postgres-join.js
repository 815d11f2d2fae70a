'use strict';

const { Buffer } = require('../runtime/runtime.js');
const { ENOUGH_BYTES, ENOUGH_OPERATIONS } = require('./postgres-batch.js');
const { OWN_KEYS } = require('./postgres-notes.js');
const { Push } = require('./postgres-push.js');
const { applicationsOf, sizeOf } = require('./postgres-rows.js');

/** How often a consumer is made anew while compactions drop what it asks for. */
const TRIES = 10;

/** Brings a store and the state of the server together, whatever either has. A crash on the way begins it again. */
class Join {
  #session;
  #round;
  #name;

  constructor(session, round, name) {
    this.#session = session;
    this.#round = round;
    this.#name = name;
  }

  /** The store takes what is newer on the server, and the server what is newer here. */
  async exchange() {
    const session = this.#session;
    await session.notes.startOver();
    Object.assign(session, session.notes.sent);
    const consumer = await this.#consumerAnew();
    if (!(await this.copy())) return;
    await this.#giveAll(consumer.position());
  }

  /**
   * Takes the state of the server, a page at a time. Changes that are made meanwhile come again by the changes after the
   * position that was the last before. False when the round has ended before that was done.
   */
  async copy() {
    const { server, engine, report, count } = this.#session;
    for (let after = Buffer.alloc(0); ; ) {
      const rows = await server.page(after, ENOUGH_OPERATIONS, ENOUGH_BYTES);
      if (this.#round.over) return false;
      if (rows.length === 0) return true;
      const applications = applicationsOf(
        rows.filter((row) => this.#matters(row)),
        report,
      );
      (await engine.applyBatch(applications)).value();
      count('in', applications.length, sizeOf(rows));
      after = rows.at(-1).key;
    }
  }

  /** A removal does where there is something to remove, or where a write to come has to be later. */
  #matters({ key, value, made, expires }) {
    const { engine, clock } = this.#session;
    const isThere = value !== null && (expires === undefined || expires > clock);
    return isThere || made >= clock || engine.contains(key.toString());
  }

  /** A consumer of all the history that the log has. */
  async #consumerAnew() {
    const { engine } = this.#session;
    for (let tries = 1; ; tries += 1) {
      const removed = await engine.removeConsumer(this.#name);
      if (!removed.ok && removed.error().code !== 'not_found') removed.value();
      const made = await engine.consumer(this.#name, { since: engine.stats().floor });
      if (made.ok || tries === TRIES || made.error().code !== 'not_found') return made.value();
    }
  }

  /** Gives the entries whose operations are not in the log any more. The rest of the history is given by the outbox. */
  async #giveAll(floor) {
    if (floor === 0) return;
    const { engine, nodeId, prefix, report } = this.#session;
    const push = new Push(this.#session, (_sequence, _wait, error) => report(error));
    const state = engine.snapshot();
    try {
      let operations = [];
      for (const [key, entry] of state.entries({ prefix })) {
        if (this.#round.over) return;
        if (entry.version > floor || key.startsWith(OWN_KEYS)) continue;
        operations.push(operationOf(key, entry, nodeId));
        if (operations.length >= ENOUGH_OPERATIONS || sizeOfLast(operations) >= ENOUGH_BYTES) {
          await this.#give(push, operations);
          operations = [];
        }
      }
      await this.#give(push, operations);
    } finally {
      state.close();
    }
  }

  async #give(push, operations) {
    const stronger = await push.send(operations, { sent: 0, forAll: true });
    (await this.#session.engine.applyBatch(stronger)).value();
  }
}

/** An entry as an operation of this node. Who made it is not known; that the node has it again then is of no account. */
function operationOf(key, { value, timestamp, expiresAt, version }, nodeId) {
  return {
    key: Buffer.from(key),
    value: value.toBytes(),
    made: BigInt(timestamp),
    node: BigInt(nodeId),
    expires: expiresAt === undefined ? null : BigInt(expiresAt),
    sequence: version,
  };
}

/** Long values are sent with few others: this is cheaper than a sum. */
function sizeOfLast(operations) {
  return operations.at(-1).value.length * operations.length;
}

module.exports = { Join };
