'use strict';

const { SoftadastraError, invalidState } = require('../types/error.js');
const { final, isAboutTheData, isReplaced } = require('./postgres-error.js');
const { applicationsOf, sizeOf } = require('./postgres-rows.js');

const BEATEN_BYTES = 4 * 1024 * 1024;

/**
 * Gives operations to the server. What the server does not take is handed to `hold`, and the rest goes on.
 */
class Push {
  #session;
  #hold;

  constructor(session, hold) {
    this.#session = session;
    this.#hold = hold;
  }

  /**
   * What has to be applied here: what has beaten operations although the node had read it before it made them, as it can where
   * removals are not remembered.
   */
  async send(operations, { sent, forAll }) {
    const session = this.#session;
    const accepted = await this.#inTime(operations);
    const beaten = [];
    if (accepted.length > 0) {
      const { nodeId, generation } = session;
      // Taken now: what is applied meanwhile was not known when the operations were made.
      const heading = { nodeId, generation, sent, read: session.read, forAll };
      await this.#push(accepted, heading, beaten);
      session.count('out', accepted.length, sizeOf(accepted));
    }
    return this.#stronger(beaten);
  }

  /** Leaves out what was made too far ahead of the server's clock. */
  async #inTime(operations) {
    const session = this.#session;
    const latest = () => BigInt(session.clock + session.maxAheadMs);
    // The clock as the server last told it is behind, so what it lets through is right.
    if (session.maxAheadMs === Number.POSITIVE_INFINITY) return operations;
    if (operations.every(({ made }) => made <= latest())) return operations;
    session.clock = await session.server.clock();
    return operations.filter((operation) => {
      const ahead = Number(operation.made - latest());
      if (ahead <= 0) return true;
      const { key, sequence } = operation;
      const said = `an operation was made ${ahead + session.maxAheadMs} ms ahead of the server's clock`;
      const error = new SoftadastraError('invalid_argument', said, key.toString());
      this.#hold(sequence, ahead, error);
      return false;
    });
  }

  /** Halves what is refused, until it is one operation. */
  async #push(operations, heading, beaten) {
    const session = this.#session;
    try {
      const reply = await session.server.push(heading, operations);
      session.clock = reply.clock;
      if (reply.wrote > 0) session.wroteBatch(reply.wrote);
      beaten.push(...reply.beaten);
    } catch (error) {
      if (isReplaced(error)) throw await replaced(session);
      if (!isAboutTheData(error)) throw error;
      if (operations.length > 1) {
        const half = Math.ceil(operations.length / 2);
        await this.#push(operations.slice(0, half), heading, beaten);
        await this.#push(operations.slice(half), heading, beaten);
        return;
      }
      const [{ key, sequence }] = operations;
      const said = `${error.message} (the operation waits, the rest goes on)`;
      const { cause } = error;
      this.#hold(
        sequence,
        undefined,
        new SoftadastraError(error.code, said, key.toString(), { cause }),
      );
    }
  }

  async #stronger(beaten) {
    const found = [];
    const left = new Map(beaten.map((key) => [key.latin1Slice(), key]));
    while (left.size > 0) {
      const rows = await this.#session.server.rows([...left.values()], BEATEN_BYTES);
      if (rows.length === 0) break;
      for (const { key } of rows) left.delete(key.latin1Slice());
      found.push(...applicationsOf(rows, this.#session.report));
    }
    return found;
  }
}

/** Why the server does not know this bridge any more. */
async function replaced({ server, nodeId, generation }) {
  const now = await server.generation(nodeId);
  return now > generation
    ? final(`another bridge was started for node ${nodeId}: a node has one`, String(nodeId))
    : invalidState(`the server has forgotten node ${nodeId}`, String(nodeId));
}

module.exports = { Push, replaced };
