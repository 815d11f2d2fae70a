import { EventEmitter } from 'node:events';
import type { KeyLike, Result, SoftadastraError, StoreEngine } from '../../index.js';

/** What the bridge uses of a client of `pg`. */
export interface PostgresClient {
  // biome-ignore lint/suspicious/noExplicitAny: the types of `pg` have many forms of this call
  query(config: any): Promise<{ rows: any[] }>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  on(event: string, listener: (...args: any[]) => void): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  off(event: string, listener: (...args: any[]) => void): unknown;
  release(destroy?: Error | boolean): void;
}

/** What the bridge uses of a `Pool` of `pg`. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
}

export interface PostgresBridgeOptions {
  /**
   * A `Pool` of `pg`, with the address, the credentials and the encryption as you set them. A bridge uses at most three of
   * its connections at a time. The pool stays yours: end it after `stop()`.
   */
  pool: PostgresPool;
  /** The id that the store was opened with, another one for each node. */
  nodeId: number;
  /** Where the tables are: 1 to 48 small letters, digits and underscores. All nodes of one schema have the same entries. */
  schema: string;
  /** Only keys that begin with this. All nodes of a schema have the same prefix; the default is all keys. */
  prefix?: KeyLike | undefined;
  /**
   * Whether the server wakes the bridge when others have written, which takes a connection of its own; true by default. It
   * does not work through a pooler that shares connections: without it, changes are found by polling.
   */
  listen?: boolean | undefined;
  /** How often changes are looked for when nothing wakes the bridge, in milliseconds; default 1,000. */
  pollMs?: number | undefined;
  /**
   * By how many milliseconds an operation may be ahead of the server's clock; default 60,000. One that is further ahead waits
   * until the server's clock is there, and the rest goes on. `Infinity` sends everything.
   */
  maxAheadMs?: number | undefined;
  /** For how long the server keeps changes, in milliseconds; default a week. A node that is away for longer copies the state. */
  keepChangesMs?: number | undefined;
  /** How long a call of the server may take, in milliseconds; default 30,000. */
  timeoutMs?: number | undefined;
}

/**
 * Why a store and the server were brought together from the beginning:
 *
 * - `'joined'`: the store had no part in this yet, or the first time was interrupted.
 * - `'behind'`: the store was away for longer than the server keeps changes, and has copied the state.
 * - `'restored'`: the server has lost what the store knows, because it was restored from a backup. The store has given it all
 *   its entries and what its log has of the history.
 */
export type PostgresRestartReason = 'joined' | 'behind' | 'restored';

/** The events of a bridge, and what listeners get. */
export interface PostgresBridgeEvents {
  restart: [restart: { reason: PostgresRestartReason }];
  /** Something went wrong; the bridge goes on unless its state is `'failed'` then. */
  failure: [error: SoftadastraError];
}

export interface PostgresBridgeStatus {
  /**
   * `'waiting'`: the server cannot be reached or has refused something, and it is tried again. `'failed'`: the bridge has
   * ended because of `lastError`.
   */
  state: 'stopped' | 'connecting' | 'copying' | 'running' | 'waiting' | 'failed';
  out: {
    /** Operations of the store that were not looked at yet, those of others among them. */
    behind: number;
    /** Operations that the server does not take now: they are in the log, and are sent again later. */
    held: number;
    /** Operations that were sent since the bridge was made. Of several of one key in one batch only the last is. */
    operations: number;
    /** Bytes of their keys and values. */
    bytes: number;
  };
  in: {
    /** Changes of the server that the store did not have when it last asked. */
    behind: number;
    /** The last change that it has. */
    position: number;
    operations: number;
    bytes: number;
  };
  lastError: SoftadastraError | undefined;
  /** Since when it does not work, in milliseconds since the Unix epoch; undefined while it does. */
  failingSince: number | undefined;
  /** How often the store and the server were brought together from the beginning. */
  restarts: number;
  lastRestart: PostgresRestartReason | undefined;
}

/**
 * Keeps the entries of many stores the same through one PostgreSQL. Each node reads and writes its own store, at the speed of
 * that, whether the server can be reached or not; the bridge brings what is written to the server and what others wrote from
 * there. Of two writes of one key the later one wins, on all nodes the same.
 *
 * What a bridge has to remember is in the store, under keys that begin with `~softadastra/`, and on the server, in the same
 * transaction as what it tells of. So nothing is lost and nothing is done twice, whatever is killed when. The guide "Many
 * nodes" says what is promised and what is not.
 *
 * @example
 * ```javascript
 * import pg from 'pg';
 * import { StoreEngine } from '@softadastra/store';
 * import { PostgresBridge } from '@softadastra/store/postgres';
 *
 * const engine = (await StoreEngine.open({ path: 'data/node-1.wal', nodeId: 1 })).value();
 * const pool = new pg.Pool({ connectionString: 'postgres://localhost/app' });
 * const bridge = new PostgresBridge(engine, { pool, nodeId: 1, schema: 'shared' });
 * bridge.on('failure', (error) => console.error(error.message));
 * (await bridge.migrate()).value(); // once, by whoever may create tables
 * (await bridge.start()).value();
 *
 * (await engine.put('user:1', 'Ada')).value(); // and soon on every node
 *
 * (await bridge.stop()).value();
 * await pool.end();
 * ```
 */
export class PostgresBridge extends EventEmitter<PostgresBridgeEvents> {
  /** Touches neither the store nor the server. Throws `invalid_argument` for bad options. */
  constructor(engine: StoreEngine, options: PostgresBridgeOptions);
  /**
   * Creates the schema with its tables and functions; what is there already stays. Errors: `invalid_argument` for a schema
   * that has another prefix, `invalid_state` for one of a later version, `transport_error` when the server cannot be reached,
   * `sync_error` when it refuses.
   */
  migrate(): Promise<Result<void>>;
  /**
   * Begins. A server that cannot be reached is no error: it is tried again, with longer and longer pauses of up to ten seconds.
   * Until `stop()` the bridge keeps the process alive.
   *
   * Errors: `invalid_argument` for a store that was opened with another `nodeId`, for a schema with another prefix, and for a
   * prefix that overlaps with that of another bridge of the store; `already_exists` when the node is another store;
   * `invalid_state` when the schema is not there or of another version, and when the bridge is started already. Those of the
   * server that are found later end the bridge: its state is `'failed'` then.
   */
  start(): Promise<Result<void>>;
  /** Ends it. What was not sent stays in the log of the store. */
  stop(): Promise<Result<void>>;
  /** How far it is, and whether it works. */
  status(): PostgresBridgeStatus;
  /**
   * Lets the server forget a node that is no more, so that another store may have its id. Its entries stay. A store that is
   * still there, and comes again, begins as if the server had been restored.
   */
  removeNode(nodeId: number): Promise<Result<void>>;
  /** `stop()` for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
