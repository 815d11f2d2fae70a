// biome-ignore-all lint/style/noExcessiveLinesPerFile: the reference of the package is read as one page

// For `Buffer`: a project may have the types of Node.js and not name them.
/// <reference types="node" />

/**
 * Durable local key-value state for Node.js.
 *
 * - A **key** is 1 byte to 1 MiB of well-formed Unicode. Keys are compared and ordered by their UTF-8 bytes.
 * - A **value** is text or bytes, 0 to 64 MiB.
 * - A **version** is the sequence number of the operation that wrote an entry: a whole number from 1 that only grows.
 * - A **timestamp** is in milliseconds since the Unix epoch.
 *
 * Calls that can fail while a correct program runs give a {@link Result} (or a promise of one); such promises never
 * reject, but for what a function of yours threw (see {@link LongCallOptions.onProgress}). Calls that return a bare value
 * (`getString`, `keys`, `size`, `snapshot` and the like) throw a {@link SoftadastraError} instead, because `undefined` or 0
 * would be mistaken for an answer.
 *
 * @packageDocumentation
 */

/** The stable codes of {@link SoftadastraError}, meant for program logic. */
export type ErrorCode =
  | 'none'
  | 'unknown'
  | 'invalid_argument'
  | 'invalid_state'
  | 'not_found'
  | 'already_exists'
  | 'io_error'
  | 'store_error'
  | 'sync_error'
  | 'transport_error'
  | 'discovery_error'
  | 'metadata_error'
  | 'internal_error';

/**
 * What went wrong: a message for people, a code for logic, and sometimes a detail.
 *
 * @example
 * ```js
 * const found = engine.get('settings/theme');
 * if (found.isErr() && found.error().codeString() === 'not_found') {
 *   (await engine.put('settings/theme', 'light')).value();
 * }
 * ```
 */
export class SoftadastraError extends Error {
  constructor(code: ErrorCode, message: string, context?: string, options?: { cause?: unknown });
  readonly name: 'SoftadastraError';
  /** The same as {@link SoftadastraError.codeString}. */
  readonly code: ErrorCode;
  /** A detail that helps to find the cause: the missing key, the misspelt option, the position in a batch. */
  readonly context: string | undefined;
  /** The stable code of this error. Messages may change between releases, codes do not. */
  codeString(): ErrorCode;
  /** A cause that is not a SoftadastraError becomes text. */
  toJSON(): {
    code: ErrorCode;
    message: string;
    context: string | undefined;
    cause: SoftadastraError | string | undefined;
  };
}

/** What {@link Ok} and {@link Err} share. */
interface Outcome<T> {
  /** True for a success; narrows the type. */
  isOk(): this is Ok<T>;
  /** True for a failure; narrows the type. */
  isErr(): this is Err;
}

/** A success. */
export interface Ok<T> extends Outcome<T> {
  readonly ok: true;
  value(): T;
  /** Throws `invalid_state`: there is no error. */
  error(): never;
  toJSON(): { ok: true; value: T };
}

/** A failure. */
export interface Err extends Outcome<never> {
  readonly ok: false;
  /** Throws the error. */
  value(): never;
  error(): SoftadastraError;
  toJSON(): { ok: false; error: SoftadastraError };
}

/**
 * Success or failure of a call. Tell them apart with `ok`, `isOk()` or `isErr()`; TypeScript then knows which it is.
 * `value()` without such a check throws the error of a failure.
 *
 * A failure that is collected before anybody has read it is a process warning with the code
 * `SOFTADASTRA_UNREAD_FAILURE`, once in each thread. Asking for `ok`, the value or the error, printing it and converting it
 * all count as reading. A missing key is nothing to warn about. Up to 1,000 unread failures are watched at a time; successes
 * cost nothing.
 *
 * Results compare by their contents in `assert.deepStrictEqual` and the like, and so do values, keys, entries,
 * operations and errors. `JSON.stringify` and `util.inspect` show what is inside.
 *
 * @example
 * ```js
 * const result = await engine.put('user:1', 'Ada');
 * if (result.ok) {
 *   console.log(result.value().version);
 * } else {
 *   console.error(result.error().message);
 * }
 * ```
 */
export type Result<T> = Ok<T> | Err;

export const Result: {
  readonly prototype: Result<unknown>;
  /** A success. */
  ok<T>(value: T): Ok<T>;
  /** A failure. Throws `invalid_argument` for anything but a {@link SoftadastraError}. */
  err(error: SoftadastraError): Err;
  [Symbol.hasInstance](value: unknown): value is Result<unknown>;
};

/**
 * The name of an entry. Accepted wherever a key string is.
 *
 * @example
 * ```js
 * const key = new Key('user:1');
 * (await engine.put(key, 'Ada')).value();
 * console.log(key.isValid(), key.toString());
 * ```
 */
export class Key {
  /** Takes any string, valid as a key or not. Throws `invalid_argument` for anything but a string. */
  constructor(text: string);
  toString(): string;
  /** True if a store accepts this key: 1 byte to 1 MiB of UTF-8, no lone surrogates. */
  isValid(): boolean;
  /** The text. */
  toJSON(): string;
}

/** A key as text or as a {@link Key}. */
export type KeyLike = string | Key;

/**
 * The content of an entry: text or bytes, never changed once made.
 *
 * @example
 * ```js
 * const text = Value.fromString('dark');
 * const bytes = Value.fromBytes(new Uint8Array([1, 2, 3]));
 * (await engine.batch([
 *   { type: 'put', key: 'settings/theme', value: text },
 *   { type: 'put', key: 'settings/icon', value: bytes },
 * ])).value();
 * ```
 */
export class Value {
  private constructor();
  /** Throws `invalid_argument` for a lone surrogate or more than 64 MiB of UTF-8. The empty string is a value. */
  static fromString(text: string): Value;
  /**
   * Copies the bytes. Throws `invalid_argument` for more than 64 MiB, and for an array whose buffer is detached or was
   * shrunk so that the array no longer fits in it.
   */
  static fromBytes(bytes: Uint8Array): Value;
  /** The content as text; bytes that are not UTF-8 come out as U+FFFD. */
  toString(): string;
  /** A copy of the content as bytes, in memory of its own; text comes out as UTF-8. */
  toBytes(): Buffer;
  /** Text as it is; bytes that are not UTF-8 as Base64. */
  toJSON(): string | { base64: string };
}

/**
 * Content for an entry. Bytes may be of any realm and lie in shared memory. They are copied before the call that takes
 * them returns, and refused when their buffer is detached or was shrunk so that they lie outside of it.
 */
export type ValueLike = string | Uint8Array | Value;

/**
 * What is stored under a key.
 *
 * @example
 * ```js
 * const { key, value, version, timestamp } = engine.get('user:1').value();
 * console.log(key, value.toString(), version, new Date(timestamp));
 * ```
 */
export class Entry<T = Value> {
  private constructor();
  readonly key: string;
  /** A {@link Value}, or what a codec makes of it ({@link TypedStore}). */
  readonly value: T;
  /** The sequence of the operation that wrote this entry. */
  readonly version: number;
  /** When it was written, in milliseconds since the Unix epoch, by the clock of the writer. */
  readonly timestamp: number;
  /** When it expires, in milliseconds since the Unix epoch; there is no such field for an entry that does not. */
  readonly expiresAt?: number;
}

/**
 * `'put'` writes an entry, `'delete'` removes one. Where an operation is given, `'remove'`, the name of the call, is taken
 * for `'delete'`; what the store gives always says `'delete'`.
 */
export type OperationType = 'put' | 'delete';

/** When an operation was made; by default now, by the system clock even if a test tool has faked `Date`. */
export interface OperationOptions {
  /** Milliseconds since the Unix epoch, a safe integer. */
  timestamp?: number | undefined;
}

/**
 * A change of one key: what logs record and what nodes send each other.
 *
 * @example
 * ```js
 * const operation = Operation.put('user:1', 'Ada');
 * const applied = await engine.apply(operation);
 * ```
 */
export class Operation {
  private constructor();
  /** Throws `invalid_argument` for a bad key, value or timestamp. */
  static put(key: KeyLike, value: ValueLike, options?: OperationOptions): Operation;
  /** Throws `invalid_argument` for a bad key or timestamp. */
  static remove(key: KeyLike, options?: OperationOptions): Operation;
  readonly type: OperationType;
  readonly key: string;
  /** Missing in a `'delete'`. */
  readonly value: Value | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly timestamp: number;
}

/**
 * Writes operations in format version 1 of the operation payload, which other engines of the family read.
 *
 * @example
 * ```js
 * const payload = OperationEncoder.encode(Operation.remove('user:1')).value();
 * ```
 */
export class OperationEncoder {
  private constructor();
  static encode(operation: Operation): Result<Uint8Array>;
}

/**
 * Reads what {@link OperationEncoder} writes, and nothing else.
 *
 * @example
 * ```js
 * const decoded = OperationDecoder.decode(payload);
 * if (decoded.isErr()) {
 *   console.error(decoded.error().message); // invalid payload: ...
 * }
 * ```
 */
export class OperationDecoder {
  private constructor();
  /**
   * Gives `invalid_argument` ("invalid payload: ...") for another format version, an unknown type, an empty or
   * oversized key, an oversized value, a truncated payload, trailing bytes, or a timestamp past what a number holds.
   */
  static decode(payload: Uint8Array): Result<Operation>;
}

/** When a log is compacted without being asked. */
export interface CompactionRules {
  /** How many times larger than what a compaction would leave the log must be; default 2, at least 1. */
  ratio?: number | undefined;
  /** A log of fewer bytes than this is left alone; default 4 MiB. */
  minimumBytes?: number | undefined;
}

/** Options of a store that writes a log. */
export interface FastOptions {
  /**
   * Whether the log is compacted automatically, on a thread of its own while reads and writes go on; true by default. False
   * leaves that to {@link StoreEngine.compact}. What consumers and readers of the history still need counts as needed.
   */
  compaction?: boolean | CompactionRules | undefined;
  /**
   * About how many bytes of memory entries may take, 1 MiB or more; without a limit (the default) all are in memory. Half of it
   * is for pages of the disk that were read lately, a quarter for what was written lately; a single larger value is held all the
   * same, and so is what snapshots need. The other entries are in the log alone, and found by the index file beside it. A read of
   * one of those waits for the disk on the calling thread: about 10 µs from the cache of the system, about 100 µs from a
   * disk. {@link StoreEngine.load} and `for await` over {@link StoreEngine.entries} wait on another thread. What was written is
   * folded into the index file by a thread; writes wait when they are twice as fast as that.
   *
   * A store in memory refuses writes beyond its limit, with `store_error`.
   */
  memoryLimit?: number | undefined;
  /**
   * The id of this node, if several keep the same entries: a whole number, 1 or more, another one for each node. Each write of
   * this store (not what it applies) is stored with it, in 9 bytes of log and 8 of memory, and gets a later time than what it
   * replaces, whatever the clock says. So it is newer on every other node that applies it with {@link IfNewer}, and
   * {@link LoggedOperation.nodeId} tells it from what was applied. A store that was restored from a backup of another node
   * gets an id of its own.
   */
  nodeId?: number | undefined;
  /**
   * For how long removals are remembered. By default a store with a {@link FastOptions.nodeId} remembers them for a week, and
   * others do not.
   */
  tombstones?: TombstoneRules | undefined;
  /**
   * Whether a thread removes entries that have expired, about a second after that; true by default. False leaves it to
   * {@link StoreEngine.sweep}. Expired entries are not seen in either case.
   */
  sweep?: boolean | undefined;
  /**
   * How many bytes of writes may be staged for the next commit; default 16 MiB. Writes past it wait their turn, and
   * their promises settle later; nothing is refused.
   */
  stagedBytesLimit?: number | undefined;
}

/**
 * For how long a store remembers removals, so that an operation that is older than one and arrives after it does not bring the
 * entry back ({@link IfNewer}).
 *
 * Reads, counts of entries and iterations never show a removal that is remembered; {@link StoreStats.tombstones} counts them.
 * They are kept by compactions, backups and restarts. Each takes its key and about 60 bytes in a compacted log, and about as
 * much in memory, a {@link FastOptions.memoryLimit} or not. What removes an entry because it has expired is not remembered.
 */
export interface TombstoneRules {
  /**
   * For how many milliseconds after it was logged in this store a removal is remembered: longer than operations of other nodes
   * may take to arrive. 0 for not at all. A later change of this option is for later removals; the log says of each until when
   * it is remembered.
   */
  lifeMs: number;
}

/** Options of {@link StoreConfig.durable}. */
export interface DurableOptions extends FastOptions {
  /**
   * True (the default): a write is acknowledged once it is on stable storage. False: once the operating system has it,
   * which survives the end of the process but not a power cut; `flush()` and `close()` make it stable.
   */
  autoFlush?: boolean | undefined;
}

/**
 * How a store keeps its state. The fields are plain and may be changed until the store is made; a field or option with
 * a misspelt name is refused, with the right spelling in the message.
 *
 * @example
 * ```js
 * const config = StoreConfig.durable('data/node-a.wal');
 * const opened = await StoreEngine.open(config);
 * ```
 */
export class StoreConfig {
  private constructor();
  /** State that ends with the process. */
  static memoryOnly(): StoreConfig;
  /** State in a log, each acknowledged write on stable storage. The parent folder must exist. */
  static durable(path: string, options?: DurableOptions): StoreConfig;
  /** State in a log that is only made stable by `flush()` and `close()`; the last writes can be lost in a power cut. */
  static fast(path: string, options?: FastOptions): StoreConfig;
  /** Where the state is kept: in memory alone, or in a log as well. How durable it is there is another question. */
  mode: 'memory' | 'log';
  /**
   * What an acknowledged write survives: nothing (a store in memory), the end of the process, or a loss of power. It follows
   * from `mode` and `autoFlush`.
   */
  get durability(): 'none' | 'process' | 'power';
  /**
   * Where the log is. A relative path is made absolute when a store is made of the config, by the working directory of
   * that moment. A symbolic link stands for the file that it leads to, even one that does not exist yet.
   */
  path: string;
  /** As in {@link DurableOptions.autoFlush}. Without a meaning for a store in memory. */
  autoFlush: boolean;
  stagedBytesLimit: number;
  compaction: boolean | CompactionRules;
  /** As in {@link FastOptions.memoryLimit}. */
  memoryLimit: number | undefined;
  /** As in {@link FastOptions.nodeId}. */
  nodeId: number | undefined;
  /** As in {@link FastOptions.tombstones}. */
  tombstones: TombstoneRules | undefined;
  /** As in {@link FastOptions.sweep}. */
  sweep: boolean;
}

/** A store with a log, in plain options. */
export interface LogOptions extends DurableOptions {
  mode?: 'log' | undefined;
  /** As in {@link StoreConfig.path}. */
  path: string;
}

/** A store in memory, in plain options. It has to be requested explicitly: a lost path is an error. */
export interface MemoryOptions {
  mode: 'memory';
  path?: never;
  /** As in {@link FastOptions.stagedBytesLimit}. */
  stagedBytesLimit?: number | undefined;
  /** As in {@link FastOptions.memoryLimit}. */
  memoryLimit?: number | undefined;
  /** As in {@link FastOptions.nodeId}. */
  nodeId?: number | undefined;
  /** As in {@link FastOptions.tombstones}. */
  tombstones?: TombstoneRules | undefined;
  /** As in {@link FastOptions.sweep}. */
  sweep?: boolean | undefined;
}

/**
 * What a store is made of, as plain options or as a {@link StoreConfig}. An unknown name is refused, with the right spelling
 * in the message.
 *
 * @example
 * ```js
 * const opened = await StoreEngine.open({ path: 'data/node-a.wal', stagedBytesLimit: 1 << 20 });
 * (await opened.value().close()).value();
 * const misspelt = await StoreEngine.open({ pth: 'data/node-a.wal' });
 * console.log(misspelt.error().message); // unknown option "pth" for a store: did you mean "path"?
 * ```
 */
export type StoreOptions = StoreConfig | LogOptions | MemoryOptions;

/**
 * How long opening a log may wait, and what stops it.
 *
 * @example
 * ```js
 * const opened = await StoreEngine.open(StoreConfig.durable('data/node-a.wal'), {
 *   lockTimeoutMs: 5000,
 *   signal: AbortSignal.timeout(60_000),
 * });
 * await opened.value().close();
 * ```
 */
export interface OpenOptions {
  /**
   * For how many milliseconds to wait while another process has the log open: 0 (the default) not at all, `Infinity`
   * until it is free. It is tried after 2 ms and then less and less often, at least five times a second. Then the error
   * is the same as without waiting. `close()` ends the wait.
   */
  lockTimeoutMs?: number | undefined;
  /**
   * Stops the wait for the lock and the replay; the result is `invalid_state` ("the call was aborted") with the reason
   * as its `cause`. The log is not changed. A recovery that is past its replay continues and succeeds.
   */
  signal?: AbortSignal | undefined;
  /**
   * When the log is read that its index file stands for. `'later'` (the default): after the store is open, in the
   * background, see {@link StoreEngine.ready}. `'first'`: before it is open, however long that takes, so that a log that is
   * damaged anywhere is refused and not changed. A recovery of a store that is open already always reads all of it.
   */
  verify?: 'first' | 'later' | undefined;
}

/** Makes a write depend on what is stored when it is committed. */
export interface WriteOptions {
  /**
   * Write only if the entry has this version; 0 means that there must be no entry. A refusal is `already_exists` when 0
   * was expected and `invalid_state` ("version mismatch: ...") otherwise.
   */
  ifVersion?: number | undefined;
}

/**
 * When the entry that a put writes expires; without either, it does not, whatever the one before did. From then on it is not
 * read, not scanned, and missing for `ifVersion`, `update` and the results of writes; it is removed about a second later by an
 * ordinary operation ({@link StoreEngine.sweep}). A clock that is set forward hides entries early, and what was removed
 * meanwhile stays removed; one that is set back shows them again until they are.
 *
 * @example
 * ```js
 * (await engine.put('session:1', 'Ada', { ttlMs: 60_000 })).value();
 * (await engine.put('session:2', 'Grace', { expiresAt: Date.UTC(2020, 0) })).value();
 * console.log(engine.get('session:1').value().expiresAt > Date.now()); // true
 * console.log(engine.getString('session:2')); // undefined
 * ```
 */
export interface ExpiryOptions {
  /**
   * Milliseconds from the call on, by the clock of the system even if a test tool has faked `Date`: a whole number from 1 to
   * 2^53 − 1.
   */
  ttlMs?: number | undefined;
  /**
   * Milliseconds since the Unix epoch, a whole number from 1 to 2^53 − 1. A time that has passed is accepted: then the entry
   * has expired when it is written.
   */
  expiresAt?: number | undefined;
}

/** What a put can be told: a condition, and when its entry expires. */
export interface PutOptions extends WriteOptions, ExpiryOptions {}

/**
 * One member of a batch, as a plain object. Unknown fields are refused by name; as for all options, only own fields count
 * as unknown, so instances of any class may be passed, and inherited fields are read.
 */
export type BatchOperation =
  | ({ type: 'put'; key: KeyLike; value: ValueLike } & PutOptions)
  | { type: 'delete' | 'remove'; key: KeyLike; ifVersion?: number | undefined };

/**
 * Applies an operation only if it is newer than what its key has: the last writer wins, on every node the same. Newer is what
 * was made later or, at the same millisecond, by the node with the greater id. An entry that was written without a node's id
 * counts as one of node 0, and one that has expired as missing.
 *
 * What is not newer is not applied: that is no error, takes no version and is no part of the history, so an operation that
 * comes again changes nothing. The id is stored with the entry; compactions, backups and restarts keep it.
 *
 * A removal is remembered for as long as {@link FastOptions.tombstones} says: until then an older put of its key that arrives
 * later is not newer. Without tombstones it is forgotten at once, and such a put brings the entry back.
 *
 * @example
 * ```js
 * const operation = Operation.put('user:9', 'Ada', { timestamp: 1_700_000_000_000 });
 * const first = (await engine.apply(operation, { ifNewer: { nodeId: 7 } })).value();
 * const again = (await engine.apply(operation, { ifNewer: { nodeId: 7 } })).value();
 * console.log(first.applied, again.applied); // true false
 * ```
 */
export interface IfNewer {
  /** The node that made the operation: a whole number, 1 or more. Numbers are ordered in one way everywhere, names are not. */
  nodeId: number;
  /**
   * By how many milliseconds the operation may be ahead of this machine's clock. One that is further ahead is refused with
   * `invalid_argument`, and all of its batch. Without this an operation of any time is accepted, and one from far ahead can
   * be replaced only by a later one.
   */
  maxAheadMs?: number | undefined;
}

/** On what an operation from elsewhere depends: `ifVersion` or `ifNewer`, and, of a put, when its entry expires. */
export interface ApplyOptions extends PutOptions {
  ifNewer?: IfNewer | undefined;
}

/**
 * An operation of {@link StoreEngine.applyBatch} with its condition, and, of a put, when its entry expires.
 *
 * @example
 * ```js
 * const operation = Operation.put('user:9', 'Ada', { timestamp: 1 });
 * (await engine.applyBatch([{ operation, ifVersion: 0 }])).value();
 * ```
 */
export interface BatchApplication extends ApplyOptions {
  operation: Operation | Uint8Array;
}

/** Which keys are meant. All bounds given must hold; keys compare by their UTF-8 bytes. Without one, all keys are. */
export interface KeyRange {
  /** Only keys that begin with this. */
  prefix?: KeyLike | undefined;
  /** Only keys after this. */
  gt?: KeyLike | undefined;
  /** Only this key and those after it. */
  gte?: KeyLike | undefined;
  /** Only keys before this. */
  lt?: KeyLike | undefined;
  /** Only this key and those before it. */
  lte?: KeyLike | undefined;
}

/** Which entries to visit, and how. */
export interface RangeOptions extends KeyRange {
  /** From the last key to the first; default false. */
  reverse?: boolean | undefined;
  /** At most this many. */
  limit?: number | undefined;
}

/**
 * Outcome of `put`. One of `created` and `updated` is true.
 *
 * @example
 * ```js
 * const { version, created } = (await engine.put('user:1', 'Ada')).value();
 * console.log(created ? 'new' : 'changed', version);
 * ```
 */
export class PutResult {
  private constructor();
  readonly key: string;
  readonly version: number;
  readonly created: boolean;
  readonly updated: boolean;
}

/**
 * Outcome of `remove`.
 *
 * @example
 * ```js
 * const { deleted } = (await engine.remove('user:1')).value();
 * console.log(deleted ? 'removed' : 'there was nothing');
 * ```
 */
export class RemoveResult {
  private constructor();
  readonly key: string;
  readonly version: number;
  /** False when there was no entry; the removal is recorded either way. */
  readonly deleted: boolean;
}

/**
 * Outcome of `apply`. `created`, `updated` and `deleted` are false for the removal of a missing key, and for what was not applied.
 *
 * @example
 * ```js
 * const operation = OperationDecoder.decode(payload).value();
 * const { key, version } = (await engine.apply(operation)).value();
 * ```
 */
export class ApplyResult {
  private constructor();
  readonly type: OperationType;
  readonly key: string;
  /** 0 for what was not applied. */
  readonly version: number;
  /** False for an operation that is not newer, see {@link IfNewer}. */
  readonly applied: boolean;
  readonly created: boolean;
  readonly updated: boolean;
  readonly deleted: boolean;
}

/** How long {@link StoreEngine.update} goes on, and when the entry that it writes expires; `ttlMs` counts from each write. */
export interface UpdateOptions extends ExpiryOptions {
  /** How often the function is called at most, 1 or more; default 100. */
  tries?: number | undefined;
}

/**
 * Outcome of `update`. None of the three booleans is true when the entry was left as it was.
 *
 * @example
 * ```js
 * const { version, created, tries } = (await engine.update('user:2', () => 'Grace')).value();
 * console.log(version, created, tries); // 2 true 1
 * ```
 */
export class UpdateResult {
  private constructor();
  readonly key: string;
  /** The sequence of the write; of an entry that was left as it was its version, 0 without one. */
  readonly version: number;
  readonly created: boolean;
  readonly updated: boolean;
  readonly deleted: boolean;
  /** How often the function was called: 1, and one more for each time that somebody else was faster. */
  readonly tries: number;
}

/**
 * What goes with a batch that is applied.
 *
 * @example
 * ```js
 * const inbox = (await engine.consumer('inbox')).value();
 * let sequence = inbox.position();
 * for await (const logged of inbox.operations()) {
 *   sequence = logged.sequence;
 * }
 * const answers = [Operation.put('answered', 'yes')];
 * (await engine.applyBatch(answers, { acknowledge: { consumer: inbox, sequence } })).value();
 * console.log(inbox.position() === sequence); // true
 * ```
 */
export interface ApplyBatchOptions {
  /**
   * What {@link Consumer.acknowledge} would store, stored together with the operations: after a crash there is both or neither,
   * and it costs no sync of its own. The batch is refused with the error of that call when it cannot be acknowledged, and
   * nothing is acknowledged when the batch is refused. Without operations it is that call.
   */
  acknowledge?: { consumer: Consumer; sequence: number } | undefined;
}

/**
 * Outcome of `batch`, and of `applyBatch`.
 *
 * @example
 * ```js
 * const batch = await engine.batch([
 *   { type: 'put', key: 'account/1', value: '90' },
 *   { type: 'put', key: 'account/2', value: '110' },
 * ]);
 * console.log(batch.value().firstVersion, batch.value().lastVersion);
 * ```
 */
export class BatchResult<Written = PutResult | RemoveResult> {
  private constructor();
  /** One per operation, in their order. */
  readonly results: Array<Written>;
  /** Version of the first operation that was done, 0 when none was. */
  readonly firstVersion: number;
  /** Version of the last operation that was done, 0 when none was. */
  readonly lastVersion: number;
  readonly size: number;
}

/**
 * What a recovery found in the log.
 *
 * @example
 * ```js
 * const report = (await engine.recover()).value();
 * if (report.bytesCut > 0) {
 *   console.warn(`cut ${report.bytesCut} bytes of a torn write, kept in ${report.cutSavedTo}`);
 * }
 * ```
 */
export class RecoveryReport {
  private constructor();
  /** Entries in the checkpoint that a compaction put at the front of the log. */
  readonly checkpointEntries: number;
  /** Operations replayed: those after the checkpoint, or those after `indexedSequence` where that is not 0. */
  readonly records: number;
  /**
   * Entries after that. Undefined after a crash when an index file stood for a part of the log: `size()` knows when the log
   * was replayed.
   */
  readonly entries: number | undefined;
  /** The sequence up to which the index file stood for the log; 0 when all of the log was replayed. */
  readonly indexedSequence: number;
  /** Bytes of the log that the index file stood for. They are read, and found sound or damaged, after the store is open. */
  readonly bytesUnverified: number;
  /** Why the index file beside the log was of no use; undefined when it was of use, or there was none. */
  readonly indexFailure: string | undefined;
  /** Sequence of the last operation replayed, 0 for an empty log. */
  readonly lastSequence: number;
  readonly bytesKept: number;
  /** Bytes of an unfinished write that were cut off the end of the log. */
  readonly bytesCut: number;
  /** The file beside the log that holds the bytes that were cut. */
  readonly cutSavedTo: string | undefined;
  readonly durationMs: number;
  /** True when there was no log yet. */
  readonly created: boolean;
  /** True when the log was closed in order the last time. */
  readonly cleanShutdown: boolean;
}

/** What {@link salvage} saved of a damaged log, and what it could not save. */
export class SalvageReport {
  private constructor();
  /** The new log: everything before the damage. */
  readonly log: string;
  /** The copy of the damaged log, with zeros for what the disk could not read. */
  readonly copy: string;
  /** Entries of the checkpoint in the new log. */
  readonly entries: number;
  /** Operations in the new log. */
  readonly records: number;
  /** Sequence of the last operation in the new log. */
  readonly lastSequence: number;
  /** Bytes of the damaged log that became the new one. */
  readonly bytesKept: number;
  /** What is wrong after them; `undefined` for a log that is whole. */
  readonly problem: string | undefined;
  /** What could be read after the damage, one log for each part without a gap. */
  readonly later: readonly SalvagedRun[];
  /** Bytes that are in no log now, the zeros at the end not counted. */
  readonly bytesLost: number;
  /** Bytes that the disk could not read. */
  readonly bytesUnreadable: number;
}

/** Operations after the damage, in a log of their own with the versions that they always had. */
export interface SalvagedRun {
  log: string;
  /** Where they begin in the damaged log. */
  offset: number;
  /** Where they end. */
  end: number;
  firstSequence: number;
  lastSequence: number;
  records: number;
}

/**
 * Saves what can be read of a log that `open` refuses as damaged. The log itself is only read; a copy of it is made
 * first, as `<to>.damaged`. Everything before the damage becomes a log at `to`, with its versions. What can be read
 * after the damage is not put together with it, since operations are missing between: each part of it becomes a log
 * of its own, `<to>.from-<first sequence>`, for someone who knows the data to judge.
 *
 * It runs on a thread of its own. Aborted by its signal it gives `invalid_state` and leaves no file behind.
 *
 * Errors: `invalid_argument` for a bad path or when a file that would be written exists; `invalid_state` when the log
 * is open somewhere; `store_error` when the file is not a log; `io_error`.
 *
 * @example
 * ```js
 * const report = (await salvage('data/node-a.wal', 'data/saved.wal')).value();
 * console.log(`${report.records} operations saved, ${report.bytesLost} bytes lost: ${report.problem}`);
 * ```
 */
export function salvage(
  path: string,
  to: string,
  options?: LongCallOptions,
): Promise<Result<SalvageReport>>;

/** How far a compaction or a backup is. */
export interface Progress {
  /** Bytes of the new log that are written. */
  written: number;
  /** About how many it will have; never less than `written`. */
  expected: number;
}

/** Watches and stops a call that can take seconds. */
export interface LongCallOptions {
  /**
   * Called about once per mebibyte. What it throws stops the call and rejects its promise; by then the call may
   * already have succeeded.
   */
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Makes the call give up with `invalid_state` ("the call was aborted"), unless it is nearly done. */
  signal?: AbortSignal | undefined;
}

/**
 * What a compaction did.
 *
 * @example
 * ```js
 * const { bytesBefore, bytesAfter, pauseMs } = (await engine.compact()).value();
 * console.log(`${bytesBefore} bytes became ${bytesAfter}, writes waited ${pauseMs} ms`);
 * ```
 */
export class CompactionReport {
  private constructor();
  /** Bytes of the log when the compaction began. */
  readonly bytesBefore: number;
  /** Bytes of the log that took its place. */
  readonly bytesAfter: number;
  /** The operations after this sequence are still in the log. */
  readonly floor: number;
  readonly durationMs: number;
  /** For how long writes had to wait at the end. */
  readonly pauseMs: number;
}

/**
 * What a sweep did.
 *
 * @example
 * ```js
 * const { removed } = (await engine.sweep()).value();
 * console.log(`${removed} entries had expired`);
 * ```
 */
export class SweepReport {
  private constructor();
  /** How many entries had expired and were removed. */
  readonly removed: number;
}

/**
 * What a backup holds.
 *
 * @example
 * ```js
 * const { path, entries, lastSequence } = (await engine.backup('data/copy.wal')).value();
 * console.log(`${entries} entries up to operation ${lastSequence} are in ${path}`);
 * ```
 */
export class BackupReport {
  private constructor();
  /** Where it is, with all links resolved. */
  readonly path: string;
  readonly bytes: number;
  readonly entries: number;
  /** Sequence of the last operation in it. */
  readonly lastSequence: number;
  readonly durationMs: number;
}

/**
 * One operation of the history. `payload` is what another store takes with {@link StoreEngine.apply}. It has memory of its
 * own, and may be posted or transferred.
 *
 * @example
 * ```js
 * for await (const { sequence, operation, payload } of engine.operations()) {
 *   console.log(sequence, operation.type, operation.key, payload.length);
 * }
 * ```
 */
export class LoggedOperation {
  private constructor();
  /** Its sequence in this store. */
  readonly sequence: number;
  /** The operation in its published encoding, as {@link OperationEncoder} writes it. */
  readonly payload: Uint8Array;
  /**
   * Whether a batch may end here: true for the last operation of each group that became durable together. A group holds whole
   * batches and single writes, of about 1 MiB for each thread that writes, or of one batch. Who applies a group at once
   * ({@link StoreEngine.applyBatch}) shows no batch in part.
   */
  readonly endsBatch: boolean;
  /**
   * The node that made it: of a write of this store its {@link FastOptions.nodeId}, of what was applied the id that was given
   * then ({@link IfNewer}), `undefined` without one, and for the removal of an entry that has expired.
   */
  readonly nodeId: number | undefined;
  /**
   * Decoded from `payload` when it is read for the first time.
   * @throws SoftadastraError for a timestamp past what a number holds, and when `payload` was given away before.
   */
  get operation(): Operation;
  toJSON(): {
    sequence: number;
    operation: Operation;
    endsBatch: boolean;
    nodeId: number | undefined;
  };
}

/**
 * One committed change of an entry, see {@link StoreEngine.watch}.
 *
 * @example
 * ```js
 * const changes = engine.watch();
 * (await engine.remove('user:1')).value();
 * const { type, key, version, value } = (await changes.next()).value;
 * console.log(type, key, version, value); // remove user:1 2 undefined
 * ```
 */
export class Change<T = Value> {
  private constructor();
  readonly type: 'put' | 'remove';
  readonly key: string;
  /** What was written; `undefined` for a removal. */
  readonly value: T | undefined;
  /** The sequence of the operation. */
  readonly version: number;
  /** When it was made, in milliseconds since the Unix epoch. */
  readonly timestamp: number;
  /**
   * Whether changes were left out because the reader was too far behind: earlier ones of this key, or, between the change
   * before and this one, entries that were created and removed again.
   */
  readonly overflow: boolean;
}

/**
 * The events of a store, and what listeners get.
 *
 * @example
 * ```js
 * engine.on('compaction', (compacted) => {
 *   if (compacted.isErr()) {
 *     console.error(`the log cannot be compacted: ${compacted.error().message}`);
 *   }
 * });
 * ```
 */
export interface StoreEvents {
  /** An entry was written or removed, as {@link StoreEngine.watch} tells it for all keys. */
  change: [change: Change];
  /** A compaction is done or has failed, an automatic one as well; one that was aborted is not told. */
  compaction: [compacted: Result<CompactionReport>];
  /** Writing has stopped, with the error that writes get until {@link StoreEngine.recover}. See {@link StoreStats.poisoned}. */
  poisoned: [error: SoftadastraError];
}

/** What ends a watch. */
export interface WatchOptions {
  /** Ends the iteration, as `break` does. */
  signal?: AbortSignal | undefined;
}

/** How long an iteration over the history goes on. */
export interface FollowOptions {
  /**
   * True: at the end it waits for more, until the store is closed. False (the default): it ends with the last operation
   * that was there when it began, or with the end of its batch.
   *
   * Neither waiting nor an open store keeps the process alive; otherwise a process with nothing else to do would never
   * end. What was written before is given first. A top-level `await` on it then ends with exit code 13.
   */
  follow?: boolean | undefined;
  /** Ends the iteration, as `break` does. */
  signal?: AbortSignal | undefined;
}

/** Which part of the history to read. */
export interface HistoryOptions extends FollowOptions {
  /** Only operations after this sequence; default 0, all of them. */
  since?: number | undefined;
}

/** Where a new consumer begins. */
export interface ConsumerOptions {
  /** It needs the operations after this sequence; default 0. Ignored for a consumer that exists already. */
  since?: number | undefined;
}

/**
 * A named reader of the history, such as the outbox of a sync engine. The log keeps its position; no compaction drops
 * what it has not acknowledged, so remove a consumer that is not needed any more
 * ({@link StoreEngine.removeConsumer}). After a crash it is given again what it had not acknowledged.
 *
 * @example
 * ```js
 * const outbox = (await engine.consumer('outbox')).value();
 * for await (const { sequence, payload } of outbox.operations()) {
 *   console.log('send', payload);
 *   // and when the other side has it:
 *   (await outbox.acknowledge(sequence)).value();
 * }
 * ```
 */
export class Consumer {
  private constructor();
  readonly name: string;
  /**
   * The sequence up to which everything is acknowledged.
   * @throws SoftadastraError `not_found` when the consumer was removed, `invalid_state` while the store is not open.
   */
  position(): number;
  /** The operations after the position, as {@link StoreEngine.operations} gives them. */
  operations(options?: FollowOptions): AsyncIterableIterator<LoggedOperation>;
  /**
   * Stores that nothing up to `sequence` is needed any longer, as durably as a write. Each is a write to the log, so
   * acknowledge many operations at once. Acknowledging the present position again changes nothing. Errors: `invalid_argument` for a
   * sequence that was not read through this object, or before the position; `not_found` when the consumer was removed.
   */
  acknowledge(sequence: number): Promise<Result<void>>;
}

/** Figures of a store at this moment. */
export interface StoreStats {
  /** Undefined while it is not known: after a crash, until {@link StoreEngine.ready}. */
  entries: number | undefined;
  /**
   * How many of them expire, those among them that have expired and were not removed yet. Undefined as long as entries are
   * read from the log: until {@link StoreEngine.ready}, and always with a {@link FastOptions.memoryLimit}.
   */
  expiringEntries: number | undefined;
  /** Bytes of the keys and values of all entries. Undefined as `entries` is. */
  liveBytes: number | undefined;
  /**
   * Removals that are remembered, see {@link FastOptions.tombstones}, and maybe some whose life is over: each write looks at a
   * few and drops those. Undefined after a crash, until what follows the index file is in memory.
   */
  tombstones: number | undefined;
  /**
   * What the entries and tombstones take in memory: their bytes, what is needed to find them, and room that is not used yet. After any history
   * of writes without tombstones at most 12 MiB more than three times (live bytes + 40 for each entry). The process keeps up to 4 MiB more
   * for the next store; pieces that only snapshots need are not counted.
   */
  memoryBytes: number;
  /** Size of the log in bytes. */
  logBytes: number;
  /** Bytes of the log that a compaction would keep for consumers and readers of the history. */
  heldBytes: number;
  /** Bytes of writes of this object that wait for their commit. */
  stagedBytes: number;
  /** Groups committed since the store was opened. */
  groups: number;
  /** Times the log was forced to stable storage since the store was opened. */
  syncs: number;
  /** When the last of them ended, in milliseconds since the Unix epoch. */
  lastSyncAt: number | undefined;
  /** How long it took, in milliseconds; 0 before the first. */
  lastSyncMs: number;
  lastSequence: number;
  /** The log has the operations after this sequence. */
  floor: number;
  /** The consumers, in the order of their names. */
  consumers: Array<{ name: string; position: number }>;
  /** Compactions since the store was made. */
  compactions: number;
  /** Snapshots that are neither closed nor collected. */
  snapshots: number;
  /** Watches that have neither ended nor been collected, by whatever thread. */
  watches: number;
  /**
   * Why the last compaction failed; undefined when it did not. The first failure of an automatic one is also a
   * process warning, with the code `SOFTADASTRA_COMPACTION_FAILED`.
   */
  lastCompactionError: SoftadastraError | undefined;
  /** Progress of the compaction or backup that is running. */
  rewriting: Progress | undefined;
  /**
   * True after a failed sync, until {@link StoreEngine.recover}, and after the log was removed, moved or replaced by
   * another file, until the store is closed: writing is refused.
   */
  poisoned: boolean;
  /** False while another thread recovers the log that both have open: reads give `invalid_state` until that is done. */
  open: boolean;
  /** Whether all entries are in memory, see {@link StoreEngine.ready}. */
  ready: boolean;
  /** Progress of the replay that puts them there; `written` are the bytes that were read. */
  warming: Progress | undefined;
  /** The sequence up to which the index file beside the log stands for it; 0 without such a file. */
  indexedSequence: number;
  /**
   * Why there is no index file, or why it was of no use; undefined when there is one or none is due. A store that was opened
   * without one soon writes one: {@link RecoveryReport.indexFailure} keeps what the opening found.
   */
  indexFailure: string | undefined;
}

/**
 * What a scan gives, in the order of the keys, page by page as it is needed. `for await` has each page read from the disk by
 * another thread while the page before is used, which matters with a {@link FastOptions.memoryLimit} alone.
 */
export interface ScanIterator<T> extends IterableIterator<T>, AsyncIterable<T> {
  [Symbol.iterator](): ScanIterator<T>;
}

/** How a log is followed. */
export interface FollowerOptions {
  /** Gives up the opening. */
  signal?: AbortSignal | undefined;
  /** True: a log that does not exist yet is waited for, and keeps the process alive meanwhile. False (the default): it is an error. */
  wait?: boolean | undefined;
}

/** Why a store that follows a log started anew from it, see {@link FollowerStore}. */
export interface FollowerRestart {
  /**
   * `'checkpoint'`: it was so far behind that a compaction has dropped what it would have read next; it shows a later moment of
   * the same history. `'cut'`: the log has lost operations, as those of a store without automatic flushes can be lost with the
   * machine. `'replaced'`: another log has the name, for instance a backup.
   */
  reason: 'checkpoint' | 'cut' | 'replaced';
  /** The last sequence that was shown before. */
  before: number;
  /** The last sequence that was shown then. */
  after: number;
}

/** The events of a store that follows a log, and what listeners get. */
export interface FollowerEvents {
  /** An entry was written or removed, as {@link StoreEngine.watch} tells it for all keys. */
  change: [change: Change];
  /** It has started anew from the log. What that changed is not told change by change. */
  restart: [restart: FollowerRestart];
}

/** The statistics of a store that follows a log. What they share with {@link StoreStats} means the same. */
export interface FollowerStats
  extends Pick<
    StoreStats,
    | 'entries'
    | 'expiringEntries'
    | 'liveBytes'
    | 'tombstones'
    | 'memoryBytes'
    | 'lastSequence'
    | 'floor'
    | 'consumers'
    | 'snapshots'
    | 'watches'
    | 'ready'
    | 'warming'
    | 'indexedSequence'
  > {
  /** Bytes of the log up to the end of what is shown. */
  logBytes: number;
  /** How often it started anew. */
  restarts: number;
  /** Why it last did. */
  lastRestart: FollowerRestart | undefined;
  /**
   * Why the log could not be read when it was last looked at; undefined when it could. Entries stay as they are meanwhile, and
   * the log is looked at again: it may be about to be replaced.
   */
  followError: SoftadastraError | undefined;
}

/**
 * The entries of a log that another process writes, made by {@link StoreEngine.follow}. It has the calls of a store that read,
 * which are as fast as there. Those that write give `invalid_state`; write with the process that has the log open.
 *
 * What it shows is a prefix of the history that is on stable storage; of a store without automatic flushes, of what
 * was written. Later it shows longer ones, each batch as a whole and at once. It is typically a few
 * milliseconds behind the acknowledgement of a write; {@link FollowerStore.refresh} brings it up to all that was acknowledged
 * before the call. On Linux the writer's commits wake it, at most about 250 times a second; elsewhere it looks 10 to 200 times
 * a second. Following costs the writer one small write for each commit, whether anyone follows or not; each follower does every
 * operation once more, on a thread of its own, which the writer feels where processors are short.
 *
 * It opens as a store does: by the index file beside the log if there is one, in milliseconds, and the rest of the log is read
 * in the background. What is written until it is {@link StoreEngine.ready} is shown then.
 *
 * It goes on through compactions, the close, the end and the restart of the writer, and recoveries. When the log no longer has
 * what comes next, or is another one, it starts anew from what is there, whole and at once; the event `restart` and
 * {@link FollowerStore.stats} say why. Then watches end with `invalid_state`, and so do iterations over the history unless the
 * reason is `'checkpoint'`: those get `not_found`, as after any compaction. A compaction does not wait for iterations of
 * followers; a {@link Consumer} of the writer keeps what a slow one needs.
 *
 * It has all entries in memory, like any store. It has no part in a store that the same process has open.
 *
 * @example
 * ```js
 * const follower = (await StoreEngine.follow('engine.wal')).value();
 * (await engine.put('user:1', 'Grace')).value(); // usually in another process
 * (await follower.refresh()).value();
 * console.log(follower.getString('user:1')); // Grace
 * const refused = await follower.put('user:1', 'Ada');
 * console.log(refused.error().codeString()); // invalid_state
 * (await follower.close()).value();
 * ```
 */
export interface FollowerStore
  extends Pick<
    StoreEngine,
    | 'ready'
    | 'load'
    | 'get'
    | 'getString'
    | 'getBytes'
    | 'getMany'
    | 'contains'
    | 'size'
    | 'empty'
    | 'entries'
    | 'keys'
    | 'values'
    | 'snapshot'
    | 'operations'
    | 'watch'
  > {
  /** The last sequence that is shown. */
  lastSequence(): number;
  /** What it takes, how far it is, and whether it can follow. */
  stats(): FollowerStats;
  /**
   * Shows everything that was acknowledged before this call, and gives the last sequence that is shown then. An error is why the log cannot
   * be read just now, see {@link FollowerStats.followError}.
   */
  refresh(): Promise<Result<number>>;
  /** As {@link StoreEngine.on}. */
  on<Name extends keyof FollowerEvents>(
    name: Name,
    listener: (...args: FollowerEvents[Name]) => void,
  ): this;
  /** As {@link StoreEngine.on}. */
  addListener<Name extends keyof FollowerEvents>(
    name: Name,
    listener: (...args: FollowerEvents[Name]) => void,
  ): this;
  /** As {@link StoreEngine.once}. */
  once<Name extends keyof FollowerEvents>(
    name: Name,
    listener: (...args: FollowerEvents[Name]) => void,
  ): this;
  /** As {@link StoreEngine.off}. */
  off<Name extends keyof FollowerEvents>(
    name: Name,
    listener: (...args: FollowerEvents[Name]) => void,
  ): this;
  /** As {@link StoreEngine.off}. */
  removeListener<Name extends keyof FollowerEvents>(
    name: Name,
    listener: (...args: FollowerEvents[Name]) => void,
  ): this;
  /** Ends it. The log is left alone. */
  close(): Promise<Result<void>>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * The current state of one node.
 *
 * Reads are synchronous and, once the store is {@link StoreEngine.ready}, never touch the disk. Writes are checked and staged when they are called. What is staged
 * within one turn of the event loop is committed together on a worker thread, in groups of about 1 MiB; a store in memory
 * commits a few writes on the calling thread. Order is the order of the calls.
 * A write is visible to reads, and its promise settles, once its group is committed. With `autoFlush` it is then on
 * stable storage.
 *
 * Threads of one process that open the same log share one store, see {@link StoreEngine.open}. A store that is garbage
 * collected, or whose thread ends, without a `close()` is closed in the background: what was acknowledged stays, and
 * what was still staged is never written.
 *
 * A store is not open before `recover()`, while that runs, and from the call of `close()` on. Every call that gives a
 * {@link Result} or a promise of one then gives `invalid_state`, and every other call throws it; only `recover`, `close`,
 * `orThrow`, `as`, `off` and `removeListener` are for a store in any state. Iterators of entries, keys and values throw at their next step, iterations over
 * the history and watches end, and snapshots stay as they are. ({@link Client} has answers of its own.)
 *
 * Errors of every call: `invalid_state` while the store is not open, `invalid_argument` for wrong arguments. Writes can also give `io_error` (for instance "no space left on device") and `store_error`.
 *
 * @example
 * ```js
 * const opened = await StoreEngine.open(StoreConfig.durable('data/node-a.wal'));
 * if (opened.isErr()) {
 *   throw opened.error();
 * }
 * const engine = opened.value();
 * (await engine.put('user:1', 'Ada')).value();
 * console.log(engine.getString('user:1'));
 * (await engine.close()).value();
 * ```
 */
export class StoreEngine {
  /** Touches no disk. A memory-only store is ready at once. Throws `invalid_argument` for a bad config. */
  constructor(config: StoreOptions);

  /**
   * Makes a store and recovers it. Errors: `invalid_argument` for a bad config; `io_error` for a missing folder, a
   * lack of permission, a path that is a folder; `store_error` for a corrupt log, a file that is not a log of this
   * package, or another format version; `invalid_state` when the log is open in another process or already in this
   * thread, when a thread has it open and it was removed or replaced since, and when the call was aborted.
   *
   * When another thread of this process has the log open, the store is shared: nothing is replayed, the report is that of
   * the recovery that was done, each thread has its own `stagedBytesLimit`, and `invalid_argument` is the answer when
   * `autoFlush`, `compaction`, `memoryLimit`, `nodeId`, `tombstones` or `sweep` differs. The last thread that closes it closes
   * the log.
   */
  static open(config: StoreOptions, options?: OpenOptions): Promise<Result<StoreEngine>>;

  /**
   * Reads a log while another process writes it: any number of processes may, see {@link FollowerStore}. Nothing is locked,
   * created or changed. The log is read from its start, about half a second for each million entries, on a thread.
   *
   * Errors: `invalid_argument` for anything but the path of a log and for misspelt options; `io_error` for a log that does not
   * exist, unless `wait` is true; `store_error` for a damaged log, a file that is no log, and another format version;
   * `invalid_state` when the call was aborted, and for a log on a network file system, where what another machine writes
   * comes late and in any order. On Linux that is told by the kind of the file system, on Windows by the name of a share.
   *
   * @example
   * ```js
   * // In one process:
   * const writer = (await StoreEngine.open(StoreConfig.durable('data/node-a.wal'))).value();
   * (await writer.put('user:1', 'Ada')).value();
   * // In any other:
   * const follower = (await StoreEngine.follow('data/node-a.wal', { wait: true })).value();
   * console.log(follower.getString('user:1')); // Ada
   * (await follower.close()).value();
   * (await writer.close()).value();
   * ```
   */
  static follow(path: string, options?: FollowerOptions): Promise<Result<FollowerStore>>;

  /**
   * Opens the log if needed, replays it and replaces the state in memory. Errors as for {@link StoreEngine.open}, and
   * `invalid_state` while writes are being committed and for a memory-only store. A recovery of an open store that fails
   * or is aborted leaves it not open, unless it could not even begin because the process has too many files open.
   *
   * A store keeps the log that it opened: the path is not looked up again, whatever happens to the working directory and
   * to links. When another file has its name, the answer is `invalid_state` and the store stays as it is, see
   * {@link StoreStats.poisoned}.
   *
   * While other threads have the log open nothing is replayed, since what all see is what the log says. After a failed
   * sync it is replayed for all; until that is done the reads of the others give `invalid_state`.
   */
  recover(options?: OpenOptions): Promise<Result<RecoveryReport>>;

  /**
   * The report of the last successful recovery; undefined for a memory-only store.
   * @throws SoftadastraError while the store is not open.
   */
  recoveryReport(): RecoveryReport | undefined;

  /**
   * Waits until all entries are in memory. A log of 1 MiB or more has an index file beside it, and its store is open as soon as
   * what follows that file was replayed. Until it is ready, a read takes about 10 to 20 µs more and reads from the disk on
   * the calling thread, and so does a write before it is logged; `compact()`, `backup()`, and after a crash `size()`,
   * `snapshot()` and `empty()`, wait for it. 1 million entries take half a second of another thread.
   *
   * If the log turns out to be damaged, this and every later call give the `store_error` that `verify: 'first'` would
   * have given to `open()`. What was acknowledged meanwhile is in the log after the damage, where {@link salvage} finds it.
   *
   * @example
   * ```js
   * const engine = (await StoreEngine.open(StoreConfig.durable('data/node-a.wal'))).value();
   * (await engine.ready()).value();
   * console.log(engine.stats().ready); // true
   * (await engine.close()).value();
   * ```
   */
  ready(options?: { signal?: AbortSignal | undefined }): Promise<Result<void>>;

  /**
   * Reads entries on another thread, so that reading them from JavaScript next does not wait for the disk, as far as the
   * {@link FastOptions.memoryLimit} has room for them. `wanted` is an array of keys, or a range. Does nothing for a store that
   * has all entries in memory.
   *
   * @example
   * ```js
   * (await engine.load({ prefix: 'user:', limit: 100 })).value();
   * for (const [key] of engine.entries({ prefix: 'user:', limit: 100 })) {
   *   console.log(key);
   * }
   * ```
   */
  load(
    wanted: ReadonlyArray<KeyLike> | RangeOptions,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<Result<void>>;

  /** Writes an entry, for a time if {@link ExpiryOptions} say so. */
  put(key: KeyLike, value: ValueLike, options?: PutOptions): Promise<Result<PutResult>>;

  /** Removes an entry. A missing key is a success with `deleted` false. */
  remove(key: KeyLike, options?: WriteOptions): Promise<Result<RemoveResult>>;

  /**
   * Writes all operations or none, in their order, in memory and across a crash. They take at most 1 GiB together;
   * readers may wait about a microsecond for each of up to 1,024 operations while a batch becomes visible, and not for
   * larger batches, which become visible by a switch. They are local writes: the timestamp of
   * an {@link Operation} is not kept (see {@link StoreEngine.apply}). The error of a refused batch is that of the
   * operation at fault, with its place ("operation 3") in `context`. An empty batch succeeds.
   */
  batch(operations: ReadonlyArray<Operation | BatchOperation>): Promise<Result<BatchResult>>;

  /**
   * Writes an operation made elsewhere, given as itself or as its payload, and keeps its timestamp. It gets a version of
   * this store. A payload that does not decode is `invalid_argument` and stores nothing.
   *
   * Applying an operation twice leaves the same value and timestamp, under a new version; so what a crash left in doubt
   * can be applied again, in the same order. The operation that is applied last wins, whatever its timestamp: which of
   * two changes made in different places should win is for the sync engine to decide. With `ifVersion` it can compare the
   * entry first; with `ifNewer` the last writer wins, see {@link IfNewer}.
   *
   * A payload says nothing of an expiry; `options` can, for a put.
   *
   * @example
   * ```js
   * const { version, created } = (await engine.apply(payload)).value();
   * ```
   */
  apply(operation: Operation | Uint8Array, options?: ApplyOptions): Promise<Result<ApplyResult>>;

  /**
   * {@link StoreEngine.apply} of all operations or none, in their order, in memory and across a crash, under the limits of
   * {@link StoreEngine.batch}. The error of a refused batch is that of the operation at fault, with its place in `context`.
   *
   * @example
   * ```js
   * // Each batch of the other store becomes visible here at once.
   * const replica = (await StoreEngine.open(StoreConfig.durable('data/copy.wal'))).value();
   * let group = [];
   * for await (const { payload, endsBatch } of engine.operations()) {
   *   group.push(payload);
   *   if (endsBatch) {
   *     (await replica.applyBatch(group)).value();
   *     group = [];
   *   }
   * }
   * (await replica.close()).value();
   * ```
   */
  applyBatch(
    operations: ReadonlyArray<Operation | Uint8Array | BatchApplication>,
    options?: ApplyBatchOptions,
  ): Promise<Result<BatchResult<ApplyResult>>>;

  /**
   * Changes an entry by what is in it: calls `change` with the entry, `undefined` for a missing one, writes what it
   * returns if nobody has changed the entry meanwhile, and otherwise begins again with the new entry. This holds across all
   * threads that have the log open.
   *
   * `change` returns the new value, `null` to remove the entry, or the entry itself to leave it as it is: then, and
   * when it removes a missing entry, nothing is written. It can be asynchronous. It is called once for each try, so it should
   * have no effect of its own, and it must not write the same key. Updates of one key by one thread wait for each other
   * instead of competing, but not while an asynchronous function runs.
   *
   * Errors: `invalid_state` when the entry was changed during every try; `invalid_argument` when `change` returned `undefined`,
   * and as for {@link StoreEngine.put}. What `change` throws rejects the promise, and nothing is written.
   *
   * @example
   * ```js
   * const count = (entry) => String(Number(entry?.value ?? 0) + 1);
   * const counted = await Promise.all([engine.update('visits', count), engine.update('visits', count)]);
   * console.log(engine.getString('visits'), counted[1].value().version); // 2 3
   * ```
   */
  update(
    key: KeyLike,
    change: (
      entry: Entry | undefined,
    ) => ValueLike | Entry | null | Promise<ValueLike | Entry | null>,
    options?: UpdateOptions,
  ): Promise<Result<UpdateResult>>;

  /**
   * {@link StoreEngine.put}, done when it returns: the same options, errors and durability. In a durable store it holds the event
   * loop for one sync, on most drives 0.1 to 10 ms, and longer while the disk is busy; use it in scripts, in command-line tools,
   * in `process.on('exit')`, and wherever nothing else waits.
   *
   * All that was called before is committed before, most of it by the same sync; a commit that is under way on another
   * thread is waited for. Promises of those calls settle as ever, later and in their order. This holds for all calls whose
   * names end in `Sync`.
   *
   * @example
   * ```js
   * const later = engine.put('visits', '1');
   * const { version } = engine.putSync('visits', '2').value();
   * console.log((await later).value().version === version - 1, engine.getString('visits')); // true 2
   * ```
   */
  putSync(key: KeyLike, value: ValueLike, options?: PutOptions): Result<PutResult>;

  /** {@link StoreEngine.remove}, done when it returns, as {@link StoreEngine.putSync}. */
  removeSync(key: KeyLike, options?: WriteOptions): Result<RemoveResult>;

  /**
   * {@link StoreEngine.batch}, done when it returns, as {@link StoreEngine.putSync}. One sync for all operations.
   *
   * @example
   * ```js
   * engine.batchSync([
   *   { type: 'put', key: 'user:1', value: 'Ada' },
   *   { type: 'remove', key: 'user:2' },
   * ]).value();
   * ```
   */
  batchSync(operations: ReadonlyArray<Operation | BatchOperation>): Result<BatchResult>;

  /** {@link StoreEngine.apply}, done when it returns, as {@link StoreEngine.putSync}. */
  applySync(operation: Operation | Uint8Array, options?: ApplyOptions): Result<ApplyResult>;

  /** {@link StoreEngine.applyBatch}, done when it returns, as {@link StoreEngine.putSync}. */
  applyBatchSync(
    operations: ReadonlyArray<Operation | Uint8Array | BatchApplication>,
    options?: ApplyBatchOptions,
  ): Result<BatchResult<ApplyResult>>;

  /** Reads an entry. A missing key is `not_found` with the key in `context`. */
  get(key: KeyLike): Result<Entry>;

  /**
   * Reads a value as text, `undefined` when the key is missing. Bytes that are not UTF-8 come out as U+FFFD.
   * @throws SoftadastraError for a bad key and while the store is not open.
   */
  getString(key: KeyLike): string | undefined;

  /**
   * Reads a value as a copy of its bytes, `undefined` when the key is missing. The copy has memory of its own: it can be
   * posted, cloned or transferred without taking anything else along.
   * @throws SoftadastraError for a bad key and while the store is not open.
   */
  getBytes(key: KeyLike): Buffer | undefined;

  /**
   * Reads many values as text in one call, in the order of the keys. Short ones share the memory of up to 1,000 values
   * that were read together for as long as one of them lives; {@link StoreEngine.getString} gives a string of its own.
   * @throws SoftadastraError for a bad key and while the store is not open.
   */
  getMany(keys: ReadonlyArray<KeyLike>): Array<string | undefined>;

  /**
   * Whether there is an entry; false for the empty key.
   * @throws SoftadastraError for any other bad key and while the store is not open.
   */
  contains(key: KeyLike): boolean;

  /**
   * Number of entries, those among them that have expired and were not removed yet.
   * @throws SoftadastraError while the store is not open.
   */
  size(): number;

  /** True when there are no entries. @throws SoftadastraError while the store is not open. */
  empty(): boolean;

  /**
   * Visits entries in the order of the keys' UTF-8 bytes, in pages of 128 entries at first and 512 later, fewer when they
   * have more than 1 MiB.
   *
   * A page is the state of one moment; writes go on between pages. An entry that is there all the time and does not
   * change is visited exactly once; one that is written or removed meanwhile is visited as it was when its page was
   * read, or not at all. No key is visited twice. Use {@link StoreEngine.snapshot} for one moment throughout.
   *
   * The strings of a page share its memory for as long as one of them lives. To keep a few of them for long, read those
   * again with {@link StoreEngine.getString}.
   * @throws SoftadastraError for bad options and while the store is not open.
   *
   * @example
   * ```js
   * for (const [key, entry] of engine.entries({ prefix: 'user:', limit: 10 })) {
   *   console.log(key, entry.value.toString(), entry.version);
   * }
   * ```
   */
  entries(range?: RangeOptions): ScanIterator<[string, Entry]>;

  /** Like {@link StoreEngine.entries}, without reading the values. */
  keys(range?: RangeOptions): ScanIterator<string>;

  /** Like {@link StoreEngine.entries}, for the values alone. */
  values(range?: RangeOptions): ScanIterator<Value>;

  /** A view of this moment that later writes do not change. @throws SoftadastraError while the store is not open. */
  snapshot(): Snapshot;

  /** Never waits for the disk. @throws SoftadastraError while the store is not open. */
  stats(): StoreStats;

  /**
   * Rewrites the log without what is no longer needed: overwritten values, removed keys, history that every consumer
   * has acknowledged. Entries keep their versions and timestamps. Reads and writes go on; the work is done on a thread of
   * its own and keeps the process alive. Until it is done the disk holds both logs; when it fails the old one stays. The
   * new log has the mode and, where that is permitted, the owner of the old one.
   *
   * Compactions and backups of a store are done one by one, in the order of the calls.
   *
   * Errors: `invalid_state` for a memory-only store, when it is aborted or the store is closed meanwhile, and when the log
   * was removed or replaced by another file; `io_error`, for instance when the disk is full or the log is a mount
   * point; `store_error` when what was written does not read back.
   *
   * @example
   * ```js
   * const signal = AbortSignal.timeout(60_000);
   * const onProgress = ({ written, expected }) => console.log(`${written} of ${expected} bytes`);
   * const compacted = await engine.compact({ signal, onProgress });
   * ```
   */
  compact(options?: LongCallOptions): Promise<Result<CompactionReport>>;

  /**
   * Removes the entries that have expired, as operations like any other: the history, consumers and watches see plain
   * removals. The store does the same by itself, about a second after entries expire, from when it is
   * {@link StoreEngine.ready}; this is for whoever wants it done now, for instance before a backup. It works on a thread of its
   * own in steps of 256 entries, each a write like a batch.
   *
   * A store knows about 1 MiB of keys that expire next, each counted with 150 bytes more. When those are gone and others may
   * follow, it looks at all entries, in steps; so does the first sweep after an opening.
   *
   * Errors: `invalid_state` when it is aborted or the store is closed meanwhile, and those of a write. What was removed before
   * stays removed.
   *
   * @example
   * ```js
   * (await engine.put('session:2', 'Grace', { expiresAt: 1 })).value();
   * await engine.sweep();
   * console.log(engine.contains('session:2')); // false
   * ```
   */
  sweep(options?: { signal?: AbortSignal | undefined }): Promise<Result<SweepReport>>;

  /**
   * Writes a copy of the store to `path` while reads and writes go on. It is one moment of the store, with every write
   * that was acknowledged before the call, and with the consumers; it opens like any log. It appears under its name when
   * it is complete, on stable storage and read back. It waits for compactions and backups that were started before it.
   * It is not more readable than the log.
   *
   * Errors: `already_exists` when there is a file at `path`, which may be the log itself; `invalid_argument` for a bad
   * path, also for the names of files beside a log (`.new`, `.lock`); `invalid_state` and `io_error` as for
   * {@link StoreEngine.compact}.
   */
  backup(path: string, options?: LongCallOptions): Promise<Result<BackupReport>>;

  /**
   * The operations after `since`, in the order of their sequences, each once it is on stable storage and visible. In a
   * store without automatic flushes that is after `flush()`. The first page has at most 16 KiB, later ones up to 256 KiB and
   * 1,024 operations, unless one operation is larger; they are read on a worker thread, and others have their turn on the
   * event loop after each. No compaction takes away what a running iteration has not read. An iteration keeps up to two pages in memory. The first
   * page after an opening waits for a sync of what the log held.
   *
   * Nothing is read or remembered before the first `next()`. It ends when the store is closed, by `break`, `return()` and
   * the signal; one that is forgotten ends when it is collected. What it costs does not depend on how many others there
   * are. One signal can serve any number of calls: the store puts one listener on it.
   *
   * `next()` throws `not_found` when a compaction has dropped operations after `since` (the message names the sequence
   * after which they are there) and `invalid_argument` when `since` is not a sequence or beyond the last one.
   * @throws SoftadastraError at once for misspelt options, for a memory-only store and while the store is not open.
   *
   * @example
   * ```js
   * for await (const { sequence, payload } of engine.operations({ since: 0, follow: true })) {
   *   console.log(sequence, payload.length);
   *   break; // else it waits for more
   * }
   * ```
   */
  operations(options?: HistoryOptions): AsyncIterableIterator<LoggedOperation>;

  /**
   * Every change of the entries of a range, in the order of the versions, each once it is committed and visible, from this call
   * on: whatever thread makes it. The removal of a missing key changes nothing. Nothing is read from the disk, so it works for
   * a store in memory as well; {@link StoreEngine.operations} gives what was before, and what is on stable storage.
   *
   * A slow reader holds nobody up. Up to 1 MiB of changes waits for it, each counted with 100 bytes besides its key and value;
   * after that only the last change of each key does, until the reader has caught up, and `overflow` says so. So what waits takes
   * at most about as much as the entries of the range, now and when the reader fell behind. Whoever applies the changes in
   * their order always ends up with the entries of the store. Each write is compared with the range of every watch.
   *
   * It ends when the store is closed, after what was committed before, by `break`, `return()` and the signal; one that is
   * forgotten ends when it is collected. Waiting keeps no process alive. `next()` throws `invalid_state` after a
   * {@link StoreEngine.recover} of the open store, because what that changed is not known, and the `store_error` of a log that
   * turned out to be damaged.
   * @throws SoftadastraError at once for a bad range, misspelt options, and while the store is not open.
   *
   * @example
   * ```js
   * const changes = engine.watch({ prefix: 'user:' });
   * (await engine.put('user:2', 'Grace')).value();
   * for await (const { type, key, value, version } of changes) {
   *   console.log(type, key, value.toString(), version); // put user:2 Grace 2
   *   break; // else it waits for more
   * }
   * ```
   */
  watch(range?: KeyRange, options?: WatchOptions): AsyncIterableIterator<Change>;

  /**
   * Calls `listener` for each event, in the manner of Node.js's `EventEmitter`, in whatever thread it comes from. The store is
   * watched only while somebody listens. Listeners keep no process alive; they are told nothing more once the store is closed,
   * and nothing of what a recovery changed. If a listener throws, that is an uncaught exception.
   * @throws SoftadastraError for a misspelt event, for anything but a function, and while the store is not open.
   *
   * @example
   * ```js
   * const listener = ({ type, key, version }) => console.log(type, key, version); // put user:2 2
   * engine.on('change', listener);
   * (await engine.put('user:2', 'Grace')).value();
   * engine.off('change', listener);
   * ```
   */
  on<Name extends keyof StoreEvents>(
    name: Name,
    listener: (...args: StoreEvents[Name]) => void,
  ): this;

  /** The same as {@link StoreEngine.on}. */
  addListener<Name extends keyof StoreEvents>(
    name: Name,
    listener: (...args: StoreEvents[Name]) => void,
  ): this;

  /** {@link StoreEngine.on} for the next event alone. */
  once<Name extends keyof StoreEvents>(
    name: Name,
    listener: (...args: StoreEvents[Name]) => void,
  ): this;

  /** Takes a listener away. @throws SoftadastraError for a misspelt event and for anything but a function. */
  off<Name extends keyof StoreEvents>(
    name: Name,
    listener: (...args: StoreEvents[Name]) => void,
  ): this;

  /** The same as {@link StoreEngine.off}. */
  removeListener<Name extends keyof StoreEvents>(
    name: Name,
    listener: (...args: StoreEvents[Name]) => void,
  ): this;

  /**
   * The consumer called `name`, 1 to 255 bytes of UTF-8. A new one is stored in the log, as durably as a write; a log has
   * at most 1,024. An existing one goes on where it was.
   *
   * Errors: `not_found` when a compaction has dropped operations after `since` that a new consumer asks for;
   * `invalid_argument` for a bad name and for a `since` that the history does not have.
   *
   * A consumer that comes late begins with the state instead of the history:
   *
   * @example
   * ```js
   * const since = engine.lastSequence();
   * const outbox = (await engine.consumer('outbox', { since })).value();
   * for (const [key, entry] of engine.snapshot().entries()) {
   *   console.log('send', key, entry.value, entry.timestamp);
   * }
   * // and then what outbox.operations() gives; what is in both is sent twice, in the right order
   * ```
   */
  consumer(name: string, options?: ConsumerOptions): Promise<Result<Consumer>>;

  /** Forgets a consumer, so that it holds no history back. An unknown one is `not_found`. */
  removeConsumer(name: string): Promise<Result<void>>;

  /** Sequence of the last committed operation, 0 when there was none. @throws SoftadastraError while the store is not open. */
  lastSequence(): number;

  /**
   * Sequence of the last operation that the last recovery replayed, 0 when there was none.
   * @throws SoftadastraError while the store is not open.
   */
  lastRecoveredSequence(): number;

  /** Commits what is staged and puts everything on stable storage, also what the log held when it was opened. */
  flush(): Promise<Result<void>>;

  /**
   * {@link StoreEngine.flush}, done when it returns, as {@link StoreEngine.putSync}.
   *
   * @example
   * ```js
   * process.on('exit', () => {
   *   engine.putSync('stopped', new Date().toISOString());
   *   engine.flushSync(); // for a store without automatic flushes
   * });
   * ```
   */
  flushSync(): Result<void>;

  /**
   * Commits what is staged, puts it on stable storage, marks the log as closed in order and releases it. Writes
   * called later give `invalid_state`. A running compaction or backup gives up; iterations over the history end. Closing
   * a closed store succeeds. While other threads have the log open it stays so for them, and the last one to close marks
   * it.
   */
  close(): Promise<Result<void>>;

  /**
   * This store with values of a type of your own, in JSON or by a {@link Codec}. The view holds nothing; any number of them may
   * be made. TypeScript takes your word for the type of what is stored as JSON.
   * @throws SoftadastraError for anything but `'json'` or an object with the functions `encode` and `decode`.
   *
   * @example
   * ```js
   * const users = engine.as('json');
   * (await users.put('user:2', { name: 'Grace', born: 1906 })).value();
   * const { value, version } = users.get('user:2').value();
   * console.log(value.born, version); // 1906 2
   * const refused = await users.put('user:3', 1n);
   * console.log(refused.error().message); // invalid value: it does not encode as JSON: ...BigInt
   * ```
   */
  as<T = unknown>(codec: 'json'): TypedStore<T>;
  as<T>(codec: Codec<T>): TypedStore<T>;

  /**
   * The calls that give results, for code that prefers exceptions: each takes the same arguments, and gives the value of
   * its result or throws (rejects with) its error.
   */
  get orThrow(): OrThrow;

  /** `close()` for `await using`; rejects if closing failed. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A call without the {@link Result} around what it gives. */
type Unwrapped<Call> = Call extends (...args: infer Args) => Promise<Result<infer Value>>
  ? (...args: Args) => Promise<Value>
  : Call extends (...args: infer Args) => Result<infer Value>
    ? (...args: Args) => Value
    : never;

/**
 * What {@link StoreEngine.orThrow} gives.
 *
 * @example
 * ```js
 * const { version } = await engine.orThrow.put('user:1', 'Ada');
 * try {
 *   await engine.orThrow.put('user:1', 'Grace', { ifVersion: version + 1 });
 * } catch (error) {
 *   console.log(error.code); // invalid_state
 * }
 * ```
 */
export type OrThrow = {
  readonly [Name in
    | 'get'
    | 'put'
    | 'putSync'
    | 'remove'
    | 'removeSync'
    | 'batch'
    | 'batchSync'
    | 'apply'
    | 'applySync'
    | 'applyBatch'
    | 'applyBatchSync'
    | 'update'
    | 'recover'
    | 'flush'
    | 'flushSync'
    | 'compact'
    | 'sweep'
    | 'backup'
    | 'consumer'
    | 'removeConsumer'
    | 'close']: Unwrapped<StoreEngine[Name]>;
};

/**
 * How values of a type become what is stored, and come back.
 *
 * @example
 * ```js
 * const dates = engine.as({
 *   encode: (date) => date.toISOString(),
 *   decode: (stored) => new Date(stored.toString()),
 * });
 * (await dates.put('opened', new Date(0))).value();
 * console.log(dates.get('opened').value().value.getTime()); // 0
 * ```
 */
export interface Codec<T> {
  /** What it throws, and anything but text and bytes, refuses the value. */
  encode(value: T): ValueLike;
  /** What it throws is the cause of the error of the read. */
  decode(stored: Value): T;
}

/** One member of a batch of a {@link TypedStore}. */
export type TypedOperation<T> =
  | ({ type: 'put'; key: KeyLike; value: T } & PutOptions)
  | { type: 'delete' | 'remove'; key: KeyLike; ifVersion?: number | undefined };

/**
 * A store whose values have a type, see {@link StoreEngine.as}. Its calls are those of the store, with the same errors and two
 * more: a value that does not encode (in JSON: `undefined`, functions, a BigInt, a cycle) is `invalid_argument` and nothing is
 * stored; a stored value that does not decode is `store_error`. Both have the key in `context` and what was thrown as `cause`.
 *
 * JSON keeps what `JSON.stringify` keeps: a `Date` comes back as text, `NaN` as null, fields that are undefined not at all.
 *
 * @example
 * ```js
 * const settings = engine.as('json');
 * (await settings.batch([
 *   { type: 'put', key: 'settings/window', value: { width: 800, height: 600 } },
 *   { type: 'put', key: 'settings/theme', value: 'dark' },
 * ])).value();
 * for (const [key, { value }] of settings.entries({ prefix: 'settings/' })) {
 *   console.log(key, value);
 * }
 * console.log(settings.getMany(['settings/theme', 'none'])); // [ 'dark', undefined ]
 * ```
 */
export class TypedStore<T> {
  private constructor();
  put(key: KeyLike, value: T, options?: PutOptions): Promise<Result<PutResult>>;
  /** As {@link StoreEngine.putSync}. */
  putSync(key: KeyLike, value: T, options?: PutOptions): Result<PutResult>;
  remove(key: KeyLike, options?: WriteOptions): Promise<Result<RemoveResult>>;
  /** As {@link StoreEngine.putSync}. */
  removeSync(key: KeyLike, options?: WriteOptions): Result<RemoveResult>;
  /** All or none, also when one of the values does not encode. */
  batch(operations: ReadonlyArray<TypedOperation<T>>): Promise<Result<BatchResult>>;
  /** As {@link StoreEngine.putSync}. */
  batchSync(operations: ReadonlyArray<TypedOperation<T>>): Result<BatchResult>;
  /**
   * As {@link StoreEngine.update}, with values of the type: what `change` returns is stored, `null` like any other value, unless
   * it is the entry that it was given. A value that does not decode is `store_error`, and `change` is not called.
   *
   * @example
   * ```js
   * const counts = engine.as('json');
   * const count = (entry) => ({ n: (entry?.value.n ?? 0) + 1 });
   * (await counts.update('visits', count)).value();
   * console.log(counts.get('visits').value().value.n); // 1
   * ```
   */
  update(
    key: KeyLike,
    change: (entry: Entry<T> | undefined) => T | Entry<T> | Promise<T | Entry<T>>,
    options?: UpdateOptions,
  ): Promise<Result<UpdateResult>>;
  get(key: KeyLike): Result<Entry<T>>;
  /**
   * The values of many keys, in their order, `undefined` for a missing key.
   * @throws SoftadastraError for a bad key, a value that does not decode, and while the store is not open.
   */
  getMany(keys: ReadonlyArray<KeyLike>): Array<T | undefined>;
  /**
   * As {@link StoreEngine.entries}. The step to a value that does not decode throws, and ends the iteration.
   * @throws SoftadastraError for bad options and while the store is not open.
   */
  entries(range?: RangeOptions): ScanIterator<[string, Entry<T>]>;
  /** Like {@link TypedStore.entries}, for the values alone. */
  values(range?: RangeOptions): ScanIterator<T>;
  /**
   * As {@link StoreEngine.watch}. The step to a value that does not decode throws, and ends the watch.
   * @throws SoftadastraError for a bad range, misspelt options, and while the store is not open.
   *
   * @example
   * ```js
   * const users = engine.as('json');
   * const changes = users.watch({ prefix: 'user:' });
   * (await users.put('user:2', { name: 'Grace' })).value();
   * console.log((await changes.next()).value.value.name); // Grace
   * ```
   */
  watch(range?: KeyRange, options?: WatchOptions): AsyncIterableIterator<Change<T>>;
}

/**
 * The state of a store at one moment. It stays usable after the store is closed. Taken while not all entries were in memory,
 * it keeps the log and its index file open until it is closed or collected.
 *
 * @example
 * ```js
 * const snapshot = engine.snapshot();
 * (await engine.put('user:1', 'Grace')).value();
 * console.log(snapshot.get('user:1').value().value.toString()); // Ada
 * ```
 */
export class Snapshot {
  private constructor();
  /**
   * Releases the state at once. Every other call then gives or throws `invalid_state`, and so does the next step of an
   * iterator of it that is not at its end. Closing again does nothing.
   */
  close(): void;
  /** {@link Snapshot.close}, for `using`. */
  [Symbol.dispose](): void;
  /** Number of entries, those among them that had expired and were not removed yet. */
  size(): number;
  /** Sequence of the last operation that it includes. */
  lastSequence(): number;
  toJSON(): { lastSequence: number };
  /** A missing key is `not_found`. */
  get(key: KeyLike): Result<Entry>;
  /** Every key with its value, in key order. */
  all(): ScanIterator<[string, Value]>;
  entries(range?: RangeOptions): ScanIterator<[string, Entry]>;
  keys(range?: RangeOptions): ScanIterator<string>;
  values(range?: RangeOptions): ScanIterator<Value>;
}

/**
 * Reads a log into a snapshot without opening the store, so another process may have it open, and without changing the file.
 *
 * The log is read on a thread of its own. Errors as for {@link StoreEngine.open}; aborted by its signal it gives
 * `invalid_state`.
 *
 * @example
 * ```js
 * const read = await readLog('data/node-a.wal');
 * if (read.isOk()) {
 *   for (const [key, value] of read.value().all()) {
 *     console.log(key, value.toString());
 *   }
 * }
 * ```
 */
export function readLog(path: string, options?: ReadLogOptions): Promise<Result<Snapshot>>;

/** Options of {@link readLog}. */
export interface ReadLogOptions extends LongCallOptions {
  /**
   * Leaves out what a process that has the log open may still take back: a write that is not on stable storage yet, or that
   * fails. Default false: every whole write that is in the file.
   *
   * Such a process keeps a file beside the log that tells what that is. Where there is none, as beside a copy of a log,
   * nothing is left out. All of the log is checked in any case.
   */
  committed?: boolean | undefined;
}

/** {@link readLog} under the name that the family of engines has for it. */
export class SnapshotBuilderStore {
  private constructor();
  /** The same as {@link readLog}. */
  static build(path: string, options?: ReadLogOptions): Promise<Result<Snapshot>>;
}

/**
 * What a {@link Client} is and where it keeps its state. The fields are plain and are read by `open()`; a misspelt one
 * is refused there by name. One object may serve several clients.
 *
 * @example
 * ```js
 * const options = ClientOptions.persistent('node-a', 'data/node-a.wal');
 * options.displayName = 'Desk';
 * const client = new Client(options);
 * ```
 */
export class ClientOptions {
  private constructor();
  /** In memory only, until `enableWal` and `walPath` are set. */
  static local(nodeId: string): ClientOptions;
  /** In memory only. */
  static memoryOnly(nodeId: string): ClientOptions;
  /**
   * In a log at `walPath`, whose parent folder must exist. A relative path begins at the working directory of the moment
   * when the client is made, each time that it is opened.
   */
  static persistent(nodeId: string, walPath: string): ClientOptions;
  /** Must not be empty. */
  nodeId: string;
  displayName: string;
  version: string;
  enableWal: boolean;
  walPath: string;
  /** As in {@link DurableOptions.autoFlush}; default true. */
  autoFlush: boolean;
  /** Belongs to `@softadastra/transport`: when true, `open()` gives `transport_error`. */
  enableTransport: boolean;
  transportHost: string;
  transportPort: number;
  /** Belongs to `@softadastra/discovery`: when true, `open()` gives `discovery_error`. */
  enableDiscovery: boolean;
  discoveryHost: string;
  discoveryPort: number;
  discoveryBroadcastHost: string;
  discoveryBroadcastPort: number;
}

/**
 * The store as the documented SDK shows it. Before `open()` and after `close()` every promise gives `invalid_state`,
 * `size()` is 0, `empty()` true and `contains()` false. A closed client may be opened again.
 *
 * @example
 * ```js
 * const client = new Client(ClientOptions.local('node-local'));
 * const opened = await client.open();
 * if (opened.isErr()) {
 *   throw opened.error();
 * }
 * (await client.put('app/name', 'Softadastra SDK')).value();
 * console.log((await client.get('app/name')).value().toString());
 * (await client.close()).value();
 * ```
 */
export class Client {
  constructor(options: ClientOptions);
  /** Errors as for {@link StoreEngine.open}; `invalid_state` when already open. */
  open(): Promise<Result<void>>;
  /** As {@link StoreEngine.close}. */
  close(): Promise<Result<void>>;
  put(key: KeyLike, value: ValueLike): Promise<Result<PutResult>>;
  /** A missing key is `not_found`. */
  get(key: KeyLike): Promise<Result<Value>>;
  /** Succeeds for a missing key too. */
  remove(key: KeyLike): Promise<Result<RemoveResult>>;
  contains(key: KeyLike): boolean;
  size(): number;
  empty(): boolean;
  /** `close()` for `await using`; rejects if closing failed. */
  [Symbol.asyncDispose](): Promise<void>;
}
