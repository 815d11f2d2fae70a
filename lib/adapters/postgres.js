'use strict';

const { EventEmitter } = require('node:events');
const { invalidArgument, invalidState, toError } = require('../types/error.js');
const { err, ok } = require('../types/result.js');
const { now, waitFor } = require('../runtime/clock.js');
const { RealPromise } = require('../runtime/runtime.js');
const { isFinal } = require('./postgres-error.js');
const { Inbox } = require('./postgres-in.js');
const { Notes } = require('./postgres-notes.js');
const { readOptions } = require('./postgres-options.js');
const { Outbox } = require('./postgres-out.js');
const { Moved } = require('./postgres-position.js');
const { Round } = require('./postgres-round.js');
const { Server } = require('./postgres-server.js');
const { Session } = require('./postgres-session.js');

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 10_000;

/** How long `start()` waits for a server that does not answer, before it goes on without. */
const START_MS = 5000;

/** The prefixes of the bridges that run, by the stores that they are of. */
const running = new WeakMap();

class PostgresBridge extends EventEmitter {
  #engine;
  #options;
  #server;
  #notes;
  #round;
  #session;
  #run;
  #stopping = false;
  #state = 'stopped';
  #traffic = { out: { operations: 0, bytes: 0 }, in: { operations: 0, bytes: 0 } };
  #lastError;
  #failingSince;
  #restarts = 0;
  #lastRestart;

  constructor(engine, options) {
    super();
    this.#options = readOptions(engine, options);
    this.#engine = engine;
    this.#server = new Server(this.#options);
    this.#notes = new Notes(engine, this.#options.schema);
  }

  migrate() {
    return resultOf(() => this.#server.migrate(this.#options.prefix));
  }

  removeNode(nodeId) {
    return resultOf(() => this.#server.forget(nodeId));
  }

  start() {
    return resultOf(async () => {
      if (this.#run !== undefined) {
        throw invalidState('the bridge is started already');
      }
      const release = claim(this.#engine, this.#options.prefix);
      this.#stopping = false;
      this.#state = 'connecting';
      this.#run = RealPromise.resolve();
      try {
        await this.#checkNode();
      } catch (error) {
        this.#run = undefined;
        this.#state = 'stopped';
        release();
        throw error;
      }
      await this.#begin(release);
    });
  }

  stop() {
    return resultOf(async () => {
      this.#stopping = true;
      this.#round?.end();
      await this.#run;
    });
  }

  status() {
    const session = this.#session;
    const isOpen = this.#state !== 'stopped' && this.#state !== 'failed';
    const last = isOpen ? this.#engine.lastSequence() : 0;
    return {
      state: this.#state,
      out: {
        behind: Math.max(0, last - (session?.sent ?? 0)),
        held: session?.held ?? 0,
        ...this.#traffic.out,
      },
      in: { behind: session?.behind ?? 0, position: session?.read ?? 0, ...this.#traffic.in },
      lastError: this.#lastError,
      failingSince: this.#failingSince,
      restarts: this.#restarts,
      lastRestart: this.#lastRestart,
    };
  }

  async [Symbol.asyncDispose]() {
    (await this.stop()).value();
  }

  /** Whose store this is can be seen by what it writes. */
  async #checkNode() {
    const sequence = await this.#notes.sign();
    (await this.#engine.flush()).value();
    for await (const { nodeId } of this.#engine.operations({ since: sequence - 1 })) {
      if (nodeId === this.#options.nodeId) return;
      const theirs = nodeId === undefined ? 'without a nodeId' : `with the nodeId ${nodeId}`;
      throw invalidArgument(
        `the store was opened ${theirs}: open it with ${this.#options.nodeId}`,
        'nodeId',
      );
    }
    throw invalidState('the store was closed');
  }

  async #begin(release) {
    let registered;
    const first = new RealPromise((resolve, reject) => {
      registered = { resolve, reject };
    });
    first.catch(() => undefined);
    const { pool } = this.#options;
    // Without a listener the end of an idle connection would end the process.
    const onError = () => undefined;
    pool.on('error', onError);
    this.#run = this.#rounds(registered).finally(() => {
      pool.off('error', onError);
      this.#run = undefined;
      release();
      registered.resolve();
    });
    const { over, end } = waitFor(START_MS);
    await RealPromise.race([first, over]).finally(end);
  }

  /** Until it is stopped, or something is wrong that no later try mends. */
  async #rounds(registered) {
    let failures = 0;
    while (!this.#stopping) {
      this.#round = new Round();
      try {
        await this.#oneRound(registered);
        failures = 0;
      } catch (raw) {
        if (raw instanceof Moved) continue;
        const error = toError(raw);
        failures = this.#state === 'running' ? 1 : failures + 1;
        this.#report(error);
        if (isFinal(error) || !this.#isUsable()) {
          this.#state = 'failed';
          registered.reject(error);
          return;
        }
        this.#state = 'waiting';
        registered.resolve();
        this.#round = new Round();
        await this.#round.pause(waitAfter(failures));
      }
    }
    this.#state = 'stopped';
  }

  async #oneRound(registered) {
    const round = this.#round;
    const session = new Session({
      engine: this.#engine,
      server: this.#server,
      notes: this.#notes,
      options: this.#options,
      report: (error) => this.#report(error),
      count: (direction, operations, bytes) => this.#count(direction, operations, bytes),
    });
    await session.register();
    registered.resolve();
    this.#session = session;
    const reason = await session.reason();
    if (reason !== undefined) this.#restarted(reason);
    const name = `postgres/${this.#options.schema}`;
    const consumer = await session.begin(round, name, reason);
    if (consumer === undefined || round.over) return;
    this.#state = 'running';
    this.#failingSince = undefined;
    const both = [new Outbox(session, consumer, round), new Inbox(session, round, this.#options)];
    const ends = both.map((one) => one.run().finally(() => round.end()));
    for (const end of await RealPromise.allSettled(ends)) {
      if (end.status === 'rejected') throw end.reason;
    }
  }

  #isUsable() {
    try {
      this.#engine.lastSequence();
      return true;
    } catch {
      return false;
    }
  }

  #restarted(reason) {
    this.#state = 'copying';
    this.#restarts += 1;
    this.#lastRestart = reason;
    this.emit('restart', { reason });
  }

  #report(error) {
    this.#lastError = error;
    this.#failingSince ??= now();
    this.emit('failure', error);
  }

  #count(direction, operations, bytes) {
    this.#traffic[direction].operations += operations;
    this.#traffic[direction].bytes += bytes;
  }
}

/** Registers a bridge of a store; two whose keys overlap would send each other's operations. */
function claim(engine, prefix) {
  const prefixes = running.get(engine) ?? new Set();
  running.set(engine, prefixes);
  for (const other of prefixes) {
    if (other.startsWith(prefix) || prefix.startsWith(other)) {
      throw invalidArgument(
        `the store has a bridge for the prefix ${JSON.stringify(other)} already`,
        'prefix',
      );
    }
  }
  prefixes.add(prefix);
  return () => prefixes.delete(prefix);
}

/** Longer after each failure, and not the same for all nodes that have lost one server. */
function waitAfter(failures) {
  const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 10));
  return longest * (0.5 + Math.random() / 2);
}

async function resultOf(call) {
  try {
    await call();
    return ok(undefined);
  } catch (raw) {
    return err(toError(raw));
  }
}

module.exports = { PostgresBridge };
