'use strict';

const { invalidState } = require('../types/error.js');
const { now, waitFor } = require('../runtime/clock.js');
const { OutBatch } = require('./postgres-batch.js');
const { Push } = require('./postgres-push.js');

/** How long a batch waits for operations that are committed and were not given yet. */
const GATHER_MS = 3;

/** When what the server has refused is sent again. */
const REFUSED_AGAIN_MS = 60_000;

/** How far a wait may be set. */
const LONGEST_WAIT_MS = 3_600_000;

/** From the store to the server: the operations of a consumer, acknowledged when the server has committed them. */
class Outbox {
  #session;
  #consumer;
  #round;
  #push;
  /** Nothing from here on is acknowledged: an operation waits. */
  #heldAfter = Number.POSITIVE_INFINITY;
  #again = Number.POSITIVE_INFINITY;

  constructor(session, consumer, round) {
    this.#session = session;
    this.#consumer = consumer;
    this.#round = round;
    this.#push = new Push(session, (...held) => this.#hold(...held));
  }

  async run() {
    const history = this.#consumer.operations({ follow: true });
    const forget = this.#round.onEnd(() => void history.return());
    let batch = this.#batch();
    let next = history.next();
    // When the round is over nobody waits for it.
    next.catch(() => undefined);
    try {
      while (!this.#round.over) {
        const step = await this.#step(batch, next);
        if (step?.done) {
          this.#assertOver();
          return;
        }
        if (step !== undefined) {
          next = history.next();
          next.catch(() => undefined);
          batch.add(step.value);
          if (batch.isEmpty) this.#session.sent = batch.last;
          if (!this.#isDue(batch)) continue;
        }
        await this.#send(batch);
        batch = this.#batch();
      }
    } finally {
      forget();
      history.return();
    }
  }

  #batch() {
    const { nodeId, prefix, resend } = this.#session;
    return new OutBatch({ nodeId, prefix, resend });
  }

  /** The next operation; undefined when a batch has waited for it long enough. */
  #step(batch, next) {
    const waits = batch.isWhole && !batch.isEmpty;
    return waits ? this.#round.within(GATHER_MS, next) : next;
  }

  #isDue(batch) {
    if (!batch.isWhole) return batch.isFull;
    if (batch.isEmpty) return batch.isPassed;
    return batch.isEnough || batch.last >= this.#session.engine.lastSequence();
  }

  /** The history ends with the round or with the store. */
  #assertOver() {
    if (!this.#round.over) throw invalidState('the store of the bridge was closed');
  }

  async #send(batch) {
    const session = this.#session;
    const sending = this.#sendAll(batch);
    session.pushing = sending.catch(() => undefined);
    await sending;
    session.sent = batch.last;
  }

  async #sendAll(batch) {
    const session = this.#session;
    const operations = this.#withExpiry(batch.operations);
    const { last: sent, forAll } = batch;
    const stronger = await this.#push.send(operations, { sent, forAll });
    const acknowledge = this.#acknowledgement(sent);
    if (batch.isEmpty && acknowledge === undefined) return;
    const note = batch.isEmpty ? [] : [session.notes.sentNote(session.note)];
    const options = acknowledge && { acknowledge };
    (await session.engine.applyBatch([...stronger, ...note], options)).value();
  }

  #acknowledgement(last) {
    const sequence = Math.min(last, this.#heldAfter);
    if (sequence <= this.#consumer.position()) return undefined;
    return { consumer: this.#consumer, sequence };
  }

  /**
   * When entries expire is not in the history. What was put and is there no more has expired, or is followed by what removed
   * it: in either case it is no more.
   */
  #withExpiry(operations) {
    const { engine } = this.#session;
    return operations.map((operation) => {
      if (operation.value === null) return operation;
      const found = engine.get(operation.key.toString());
      if (!found.ok) return { ...operation, value: null };
      const { version, expiresAt } = found.value();
      const expires = version === operation.sequence && expiresAt !== undefined;
      return expires ? { ...operation, expires: BigInt(expiresAt) } : operation;
    });
  }

  /** An operation waits. It stays in the log, and the round begins again when it may be accepted. */
  #hold(sequence, milliseconds = REFUSED_AGAIN_MS, error) {
    const session = this.#session;
    session.report(error);
    session.held += 1;
    this.#heldAfter = Math.min(this.#heldAfter, sequence - 1);
    const wait = Math.min(milliseconds + 1, LONGEST_WAIT_MS);
    if (now() + wait >= this.#again) return;
    this.#again = now() + wait;
    const { over, end } = waitFor(wait);
    const forget = this.#round.onEnd(end);
    void over.then(() => {
      forget();
      this.#round.end();
    });
  }
}

module.exports = { Outbox };
