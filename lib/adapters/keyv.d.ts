import { EventEmitter } from 'node:events';
import type { StoreConfig, StoreEngine } from '../../index.js';

/**
 * A storage adapter for Keyv 5 and 6: the cache is in a store, and a `set` that Keyv has answered is on stable storage.
 *
 * Keyv puts the expiry of a value into its text and prefixes keys with its namespace. The store knows the expiry as well, and
 * removes what has expired. `clear()` removes the keys of the namespace; `setMany` and `deleteMany` are written all or none. Keys are
 * 1 byte to 1 MiB with the namespace, serialized values up to 64 MiB.
 *
 * Errors are `SoftadastraError`s. Each failed call of Keyv 5 and 6 emits `error` once; what it returns is up to Keyv.
 *
 * @example
 * ```js
 * import Keyv from 'keyv';
 * import { SoftadastraKeyv } from '@softadastra/store/keyv';
 *
 * const cache = new Keyv({ store: new SoftadastraKeyv('data/cache.wal'), namespace: 'pages' });
 * cache.on('error', (error) => console.error(error.message));
 * await cache.set('home', { title: 'Welcome' }, 60_000);
 * console.log(await cache.get('home'));
 * await cache.disconnect();
 * ```
 */
export class SoftadastraKeyv extends EventEmitter {
  /**
   * A path, for a durable store there, or a {@link StoreConfig} makes a store of the adapter's own: it is opened at once
   * and closed by `disconnect()`. An open {@link StoreEngine} stays yours: several adapters may use it, each with a
   * namespace of its own, and `disconnect()` only flushes it. Throws `invalid_argument` for anything else.
   */
  constructor(store: string | StoreConfig | StoreEngine);
  namespace: string | undefined;
  opts: { dialect: string; url: string };
  get(key: string): Promise<string | undefined>;
  getMany(keys: string[]): Promise<Array<string | undefined>>;
  /** Takes text only, which is what Keyv makes of a value. `ttl` is in milliseconds; 0 and less are no limit. */
  set(key: string, value: string, ttl?: number): Promise<boolean>;
  setMany(entries: Array<{ key: string; value: string; ttl?: number }>): Promise<boolean[]>;
  /** True when there was an entry. */
  delete(key: string): Promise<boolean>;
  /** True when there was an entry for any of the keys. */
  deleteMany(keys: string[]): Promise<boolean>;
  clear(): Promise<void>;
  /** The entries of one moment in key order. */
  iterator(namespace?: string): AsyncGenerator<[string, string], void>;
  disconnect(): Promise<void>;
}
