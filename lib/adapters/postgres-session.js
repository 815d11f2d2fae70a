'use strict';

const { Join } = require('./postgres-join.js');
const { Moved, batchesAfter } = require('./postgres-position.js');

/** What the two directions of a bridge share while the server is there. */
class Session {
  /** The last change that the store has, and what marks its batch. */
  read = 0;
  token = undefined;
  /** The last operation of the store that the server has, or that concerns nobody else. */
  sent = 0;
  /** By how many changes the store was behind when it was last known. */
  behind = 0;
  /** How many operations wait that the server does not take. */
  held = 0;
  pushing = undefined;
  /** The last change of this node of which all before are in the store as well, as far as that was noted. */
  wrote = 0;
  /** The batches that were written after that, in this session, until they are passed. */
  #written = new Set();
  #lastWritten = 0;
  /** Whose store this is, and up to which sequence it sends all of its history. */
  identity = undefined;
  resend = 0;
  /** What the server said when the bridge was registered: which registration it is, its time, and where it stands. */
  generation = undefined;
  clock = undefined;
  place = undefined;

  constructor({ engine, server, notes, options, report, count }) {
    this.engine = engine;
    this.server = server;
    this.notes = notes;
    this.report = report;
    this.count = count;
    this.nodeId = options.nodeId;
    this.prefix = options.prefix;
    this.maxAheadMs = options.maxAheadMs;
  }

  /** Registers the bridge. Errors are those of wrong settings, or of the connection. */
  async register() {
    await this.server.check(this.prefix);
    const { identity, wrote, resend } = this.notes.sent;
    const place = await this.server.register(this.nodeId, identity);
    const { generation, clock } = place;
    Object.assign(this, { identity, wrote, resend, generation, clock, place });
  }

  wroteBatch(last) {
    this.#written.add(last);
    this.#lastWritten = last;
  }

  /** Whether a batch of this node is in the store. A store that was restored from a backup has to read what it lacks. */
  hasWritten(last) {
    return last <= this.wrote || this.#written.has(last);
  }

  /** The store has everything up to here. */
  passed(last, token) {
    this.#written.delete(last);
    this.read = last;
    this.token = token;
  }

  /** What the store remembers of what it wrote. */
  get note() {
    const { identity, wrote, resend } = this;
    const isComplete = this.read >= this.place.wrote;
    return {
      identity,
      wrote: isComplete ? Math.max(this.place.wrote, this.#lastWritten) : wrote,
      resend,
    };
  }

  /** Why the store and the server have to be brought together first; undefined when the store goes on where it was. */
  async reason() {
    const noted = this.notes.read;
    if (noted === undefined) return 'joined';
    if (this.place.wrote < this.wrote) return 'restored';
    try {
      await batchesAfter({ server: this.server, ...noted });
    } catch (error) {
      if (error instanceof Moved) return error.reason;
      throw error;
    }
    Object.assign(this, noted);
    return undefined;
  }

  /** The consumer to go on with; undefined when the round has ended before. */
  async begin(round, name, reason) {
    if (reason !== undefined) {
      const { last, token } = this.place;
      // What was read up to here is what the copy shows.
      Object.assign(this, { read: last, token });
      const join = new Join(this, round, name);
      await (reason === 'behind' ? join.copy() : join.exchange());
      if (round.over) return undefined;
      await this.notes.setRead(last, token);
    }
    const consumer = (await this.engine.consumer(name)).value();
    this.sent = consumer.position();
    return consumer;
  }
}

module.exports = { Session };
