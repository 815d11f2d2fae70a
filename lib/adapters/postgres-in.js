'use strict';

const { toError } = require('../types/error.js');
const { now } = require('../runtime/clock.js');
const { ENOUGH_BYTES, ENOUGH_OPERATIONS } = require('./postgres-batch.js');
const { Moved, batchesAfter } = require('./postgres-position.js');
const { replaced } = require('./postgres-push.js');
const { applicationsOf, sizeOf } = require('./postgres-rows.js');

/** How often the server is told how far the node is, if nothing else tells it. */
const PROGRESS_MS = 5000;

/** How often old changes are dropped, and waking is set up again after it was lost. */
const UPKEEP_MS = 60_000;
const LISTEN_AGAIN_MS = 1000;

/** From the server to the store: the changes of other nodes, each batch with the note of how far it is in one frame. */
class Inbox {
  #session;
  #round;
  #ask;
  #noted;
  #told = now();
  #upkeep = 0;
  #listening = false;
  #sent;

  constructor(session, round, { pollMs, listen, keepChangesMs }) {
    this.#session = session;
    this.#round = round;
    this.#ask = { pollMs, listen, keepChangesMs };
    this.#noted = session.read;
  }

  async run() {
    const round = this.#round;
    while (!round.over) {
      await this.#attend();
      if (round.over) return;
      const batches = await batchesAfter(this.#session);
      if (batches.length === 0) {
        this.#session.behind = 0;
        await round.pause(this.#ask.pollMs);
        await this.#flush();
      } else {
        await this.#take(batches);
      }
    }
  }

  async #take(batches) {
    const session = this.#session;
    session.behind = batches.at(-1).last - session.read;
    let wanted = [];
    for (const batch of batches) {
      if (this.#round.over) return;
      if (await this.#isKnown(batch)) {
        await this.#apply(wanted);
        wanted = [];
        this.#moveTo(batch);
      } else {
        wanted.push(batch);
        if (isEnough(wanted)) {
          await this.#apply(wanted);
          wanted = [];
        }
      }
    }
    await this.#apply(wanted);
  }

  /** Whether the store has it because it was written here. */
  async #isKnown({ node, last, forAll }) {
    const session = this.#session;
    if (forAll || node !== session.nodeId) return false;
    // The server may tell of it before it has answered.
    if (!session.hasWritten(last)) await session.pushing;
    return session.hasWritten(last);
  }

  async #apply(batches) {
    const end = batches.at(-1);
    if (end === undefined) return;
    const session = this.#session;
    const rows = await session.server.changes(session.read, end.last);
    if (rows.length !== operationsIn(batches)) {
      throw new Moved('behind');
    }
    const applications = applicationsOf(rows, session.report);
    const note = session.notes.readNote(end.last, end.token);
    (await session.engine.applyBatch([...applications, note])).value();
    this.#moveTo(end);
    this.#noted = end.last;
    session.count('in', rows.length, sizeOf(rows));
  }

  #moveTo({ last, token }) {
    const session = this.#session;
    session.behind = Math.max(0, session.behind - (last - session.read));
    session.passed(last, token);
  }

  /** What is due from time to time. */
  async #attend() {
    const session = this.#session;
    if (now() - this.#upkeep >= UPKEEP_MS) {
      this.#upkeep = now();
      await this.#listen();
      while (!this.#round.over && (await session.server.prune(this.#ask.keepChangesMs)) > 0);
    }
    if (now() - this.#told < PROGRESS_MS) return;
    this.#told = now();
    const { nodeId, generation, sent, read, token } = session;
    if (this.#noted !== read) {
      await session.notes.setRead(read, token);
      this.#noted = read;
    }
    if (!(await session.server.progress({ nodeId, generation, sent, read }))) {
      throw await replaced(session);
    }
  }

  /** Without automatic flushes the history would not go on by itself. */
  async #flush() {
    const { engine, sent } = this.#session;
    const isStuck = sent === this.#sent && engine.lastSequence() > sent;
    this.#sent = sent;
    if (isStuck) (await engine.flush()).value();
  }

  /** Without it changes are looked for by polling, as behind a pooler of connections. */
  async #listen() {
    if (!this.#ask.listen || this.#listening) return;
    const round = this.#round;
    try {
      const end = await this.#session.server.listen(
        () => round.wake(),
        () => {
          this.#listening = false;
          this.#upkeep = now() - UPKEEP_MS + LISTEN_AGAIN_MS;
          // Whatever broke it has probably broken the rest.
          round.wake();
        },
      );
      this.#listening = true;
      round.onEnd(end);
    } catch (raw) {
      this.#session.report(toError(raw));
    }
  }
}

function operationsIn(batches) {
  return batches.reduce((sum, { operations }) => sum + operations, 0);
}

function isEnough(batches) {
  const bytes = batches.reduce((sum, batch) => sum + batch.bytes, 0);
  return operationsIn(batches) >= ENOUGH_OPERATIONS || bytes >= ENOUGH_BYTES;
}

module.exports = { Inbox };
