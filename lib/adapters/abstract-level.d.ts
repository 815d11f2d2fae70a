import type { AbstractDatabaseOptions, AbstractLevel, AbstractOpenOptions } from 'abstract-level';
import type { StoreEngine } from '../../index.js';

/** Options of {@link SoftadastraLevel} in addition to those of `abstract-level`. */
export interface SoftadastraOpenOptions extends AbstractOpenOptions {
  /**
   * True (the default): a write is acknowledged once it is on stable storage. False: once the operating system has it;
   * the option `sync: true` of a write, and `close()`, make it stable.
   */
  autoFlush?: boolean | undefined;
  /**
   * About how many bytes of memory entries may take; without a limit all are in memory. Promises of reads and iterators wait for
   * the disk on another thread. See `memoryLimit` of `StoreConfig`.
   */
  memoryLimit?: number | undefined;
}

export interface SoftadastraLevelOptions<K, V>
  extends AbstractDatabaseOptions<K, V>,
    SoftadastraOpenOptions {}

/**
 * A database of `abstract-level` 3 whose data is in a store: a drop-in for `level` and `classic-level`.
 *
 * Batches are all or nothing, iterators and snapshots show one moment, keys are ordered by their bytes, `getSync` and
 * `has` are there. Keys are any bytes: ASCII is stored as it is, each other byte as the character with its number, so a
 * key takes up to 1 MiB with other bytes counted twice. Values are up to 64 MiB. All data is in memory, unless there is a `memoryLimit`.
 *
 * Errors have the codes of `abstract-level`, and the store's `SoftadastraError` as `cause`: `LEVEL_LOCKED`,
 * `LEVEL_CORRUPTION`, `LEVEL_IO_ERROR`, `LEVEL_INVALID_KEY` (a lone surrogate, too long), `LEVEL_INVALID_VALUE`;
 * `LEVEL_DATABASE_NOT_OPEN` while `engine` is not open; `LEVEL_DECODE_ERROR` for a key that was not written by this class.
 * `open()` wraps them in `LEVEL_DATABASE_NOT_OPEN`.
 *
 * @example
 * ```js
 * import { SoftadastraLevel } from '@softadastra/store/abstract-level';
 *
 * const db = new SoftadastraLevel('data/level.wal', { valueEncoding: 'json' });
 * await db.put('user:1', { name: 'Ada' });
 * for await (const [key, value] of db.iterator({ gte: 'user:', lt: 'user;' })) {
 *   console.log(key, value.name);
 * }
 * await db.close();
 * ```
 */
export class SoftadastraLevel<KDefault = string, VDefault = string> extends AbstractLevel<
  string | Buffer | Uint8Array,
  KDefault,
  VDefault
> {
  /**
   * Touches no disk before the next turn. `location` is the path of the log; its folder must exist. A relative one begins
   * at the working directory of this moment, each time that the database is opened.
   */
  constructor(location: string, options?: SoftadastraLevelOptions<KDefault, VDefault>);
  open(options?: SoftadastraOpenOptions): Promise<void>;
  get location(): string;
  /** The store itself, for figures and upkeep; undefined while the database is not open. */
  get engine(): StoreEngine | undefined;
}
