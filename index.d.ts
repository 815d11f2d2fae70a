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
 * (`getString`, `keys`, `snapshot` and the like) throw a {@link SoftadastraError} instead, because `undefined` would be
 * mistaken for a missing key.
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
  /** A detail that helps to find the cause: the missing key, the misspelt option, the place in a batch. */
  readonly context: string | undefined;
  /** The stable code of this error. Messages may change between releases, codes do not. */
  codeString(): ErrorCode;
  /** A cause that is no SoftadastraError becomes text. */
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
 * `value()` without a question before it throws the error of a failure.
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
  /** True when a store would take this key: 1 byte to 1 MiB of UTF-8, no lone surrogates. */
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
   * shrunk so that the array lies outside of it.
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
export class Entry {
  private constructor();
  readonly key: string;
  readonly value: Value;
  /** The sequence of the operation that wrote this entry. */
  readonly version: number;
  /** When it was written, in milliseconds since the Unix epoch, by the clock of the writer. */
  readonly timestamp: number;
}

/** `'put'` writes an entry, `'delete'` removes one. */
export type OperationType = 'put' | 'delete';

/** When an operation was made; by default now, by the clock of the system also where a test tool has faked `Date`. */
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
   * How many bytes of writes may be staged for the next commit; default 16 MiB. Writes past it wait their turn, and
   * their promises settle later; nothing is refused.
   */
  stagedBytesLimit?: number | undefined;
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
  mode: 'memory' | 'durable';
  /**
   * Where the log is. A relative path is made absolute when a store is made of the config, by the working directory of
   * that moment. A symbolic link stands for the file that it leads to, also for one that is not there yet.
   */
  path: string;
  autoFlush: boolean;
  stagedBytesLimit: number;
  compaction: boolean | CompactionRules;
}

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
   * until it is free. It is looked at after 2 ms and then ever less often, at least five times a second. Then the error
   * is the same as without waiting. `close()` ends the wait.
   */
  lockTimeoutMs?: number | undefined;
  /**
   * Stops the wait for the lock and the replay; the result is `invalid_state` ("the call was aborted") with the reason
   * as its `cause`. The log is not changed. A recovery that is past its replay goes on and succeeds.
   */
  signal?: AbortSignal | undefined;
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
 * One member of a batch that is written as a plain object. Unknown fields are refused by name; as for all options, those
 * that count are its own, so instances of any class may be passed, and what they inherit is read.
 */
export type BatchOperation =
  | { type: 'put'; key: KeyLike; value: ValueLike; ifVersion?: number | undefined }
  | { type: 'remove'; key: KeyLike; ifVersion?: number | undefined };

/** Which entries to visit. All bounds given must hold; keys compare by their UTF-8 bytes. */
export interface RangeOptions {
  /** Only keys that begin with this. */
  prefix?: KeyLike | undefined;
  /** Only keys after this. */
  gt?: KeyLike | undefined;
  /** Only keys after this, and this one. */
  gte?: KeyLike | undefined;
  /** Only keys before this. */
  lt?: KeyLike | undefined;
  /** Only keys before this, and this one. */
  lte?: KeyLike | undefined;
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
 * Outcome of `apply`. All three booleans are false for the removal of a missing key.
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
  readonly version: number;
  readonly created: boolean;
  readonly updated: boolean;
  readonly deleted: boolean;
}

/**
 * Outcome of `batch`.
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
export class BatchResult {
  private constructor();
  /** One per operation, in their order. */
  readonly results: Array<PutResult | RemoveResult>;
  /** Version of the first operation, 0 when the batch was empty. */
  readonly firstVersion: number;
  /** Version of the last operation, 0 when the batch was empty. */
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
  /** Operations replayed after it. */
  readonly records: number;
  /** Entries after the replay. */
  readonly entries: number;
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
 * of its own, `<to>.from-<first sequence>`, for somebody who knows the data to judge.
 *
 * It runs on a thread of its own. Aborted by its signal it gives `invalid_state` and leaves no file behind.
 *
 * Errors: `invalid_argument` for a bad path or when a file that would be written exists; `invalid_state` when the log
 * is open somewhere; `store_error` when the file is no log; `io_error`.
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
   * Called about once for every mebibyte. What it throws stops the call and rejects its promise; by then the call may
   * have been done.
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
   * Decoded from `payload` when it is read for the first time.
   * @throws SoftadastraError for a timestamp past what a number holds, and when `payload` was given away before.
   */
  get operation(): Operation;
  toJSON(): { sequence: number; operation: Operation };
}

/** How long an iteration over the history goes on. */
export interface FollowOptions {
  /**
   * True: at the end it waits for more, until the store is closed. False (the default): it ends with the last operation
   * that was there when it began.
   *
   * Waiting alone does not keep the process alive, as the store itself does not: a process that has nothing else to do
   * would never end. What was written before is given first. A top-level `await` on it then ends with exit code 13.
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
 * A named reader of the history, such as the outbox of a sync engine. The log keeps its position; no compaction takes
 * away what it has not acknowledged, so a consumer that is not needed any more has to be removed
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
   * Stores that nothing up to `sequence` is needed any more, as durably as a write. Each is a write to the log, so
   * acknowledge many operations at once. The present position again changes nothing. Errors: `invalid_argument` for a
   * sequence that was not read through this object, or before the position; `not_found` when the consumer was removed.
   */
  acknowledge(sequence: number): Promise<Result<void>>;
}

/** Figures of a store at this moment. */
export interface StoreStats {
  entries: number;
  /** Bytes of the keys and values of all entries. */
  liveBytes: number;
  /**
   * What the entries take in memory: their bytes, what is needed to find them, and room that is not used yet. After any history
   * of writes at most 12 MiB more than three times (live bytes + 40 for each entry). The process keeps up to 4 MiB besides,
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
  /**
   * Why the last compaction failed; undefined when it did not. The first failure of one that was not asked for is also a
   * warning of the process, with the code `SOFTADASTRA_COMPACTION_FAILED`.
   */
  lastCompactionError: SoftadastraError | undefined;
  /** How far the compaction or backup is that is running. */
  rewriting: Progress | undefined;
  /**
   * True after a failed sync, until {@link StoreEngine.recover}, and after the log was removed, moved or replaced by
   * another file, until the store is closed: writing is refused.
   */
  poisoned: boolean;
  open: boolean;
}

/**
 * The current state of one node.
 *
 * Reads are synchronous and never touch the disk. Writes are checked and staged when they are called. What is staged
 * within one turn of the event loop is committed together on a worker thread, in groups of about 1 MiB; a store in memory
 * commits a few writes on the calling thread. Order is the order of the calls.
 * A write is visible to reads, and its promise settles, once its group is committed. With `autoFlush` it is then on
 * stable storage.
 *
 * Threads of one process that open the same log share one store, see {@link StoreEngine.open}. A store that is garbage
 * collected, or whose thread ends, without a `close()` lets go of its part in the background: what was acknowledged stays,
 * what was still staged was never written.
 *
 * Errors of every call: `invalid_state` before `recover()` and after `close()`, `invalid_argument` for wrong arguments.
 * Writes can also give `io_error` (for instance "no space left on device") and `store_error`.
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
  constructor(config: StoreConfig);

  /**
   * Makes a store and recovers it. Errors: `invalid_argument` for a bad config; `io_error` for a missing folder, a
   * lack of permission, a path that is a folder; `store_error` for a corrupt log, a file that is no log of this
   * package, or another format version; `invalid_state` when the log is open in another process or already in this
   * thread, when a thread has it open and it was removed or replaced since, and when the call was aborted.
   *
   * When another thread of this process has the log open, the store is shared: nothing is replayed, the report is that of
   * the recovery that was done, each thread has its own `stagedBytesLimit`, and `invalid_argument` is the answer when
   * `autoFlush` differs. The last thread that closes it closes the log.
   */
  static open(config: StoreConfig, options?: OpenOptions): Promise<Result<StoreEngine>>;

  /**
   * Opens the log if needed, replays it and replaces the state in memory. Errors as for {@link StoreEngine.open}, and
   * `invalid_state` while writes are being committed and for a memory-only store. A recovery of an open store that fails
   * or is aborted leaves it not open, unless it cannot even begin, for want of files that the process may open.
   *
   * A store keeps the log that it opened: it is not looked up again, whatever the working directory and links are by
   * then. When another file has its name, the answer is `invalid_state` and the store stays as it is, see
   * {@link StoreStats.poisoned}.
   *
   * While other threads have the log open nothing is replayed, since what all see is what the log says. After a failed
   * sync it is replayed for all; until that is done the reads of the others give `invalid_state`.
   */
  recover(options?: OpenOptions): Promise<Result<RecoveryReport>>;

  /** The report of the last successful recovery; undefined before it and for a memory-only store. */
  recoveryReport(): RecoveryReport | undefined;

  /** Writes an entry. */
  put(key: KeyLike, value: ValueLike, options?: WriteOptions): Promise<Result<PutResult>>;

  /** Removes an entry. A missing key is a success with `deleted` false. */
  remove(key: KeyLike, options?: WriteOptions): Promise<Result<RemoveResult>>;

  /**
   * Writes all operations or none, in their order, in memory and across a crash. They take at most 1 GiB together;
   * readers may wait about a microsecond for each operation while a batch becomes visible. They are local writes: the timestamp of
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
   * two changes made in different places should win is for the sync engine to decide.
   *
   * @example
   * ```js
   * const { version, created } = (await engine.apply(payload)).value();
   * ```
   */
  apply(operation: Operation | Uint8Array): Promise<Result<ApplyResult>>;

  /** Reads an entry. A missing key is `not_found` with the key in `context`. */
  get(key: KeyLike): Result<Entry>;

  /**
   * Reads a value as text, `undefined` when the key is missing. Bytes that are not UTF-8 come out as U+FFFD.
   * @throws SoftadastraError for a bad key and while the store is not open.
   */
  getString(key: KeyLike): string | undefined;

  /**
   * Reads a value as a copy of its bytes, `undefined` when the key is missing. The copy has memory of its own: it can be
   * posted, cloned or transferred, and takes nothing else along.
   * @throws SoftadastraError for a bad key and while the store is not open.
   */
  getBytes(key: KeyLike): Buffer | undefined;

  /**
   * Reads many values as text in one call, in the order of the keys. Short ones share the memory of up to 1,000 values
   * that were read together for as long as one of them lives; {@link StoreEngine.getString} gives a string of its own.
   * @throws SoftadastraError for a bad key and while the store is not open.
   */
  getMany(keys: ReadonlyArray<KeyLike>): Array<string | undefined>;

  /** False for the empty key, and while the store is not open. @throws SoftadastraError for any other bad key. */
  contains(key: KeyLike): boolean;

  /** Number of entries; 0 while the store is not open. */
  size(): number;

  /** True when there are no entries, and while the store is not open. */
  empty(): boolean;

  /**
   * Visits entries in the order of the keys' UTF-8 bytes, a page of 128 to 512 at a time.
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
  entries(range?: RangeOptions): IterableIterator<[string, Entry]>;

  /** Like {@link StoreEngine.entries}, without reading the values. */
  keys(range?: RangeOptions): IterableIterator<string>;

  /** Like {@link StoreEngine.entries}, for the values alone. */
  values(range?: RangeOptions): IterableIterator<Value>;

  /** A view of this moment that later writes do not change. @throws SoftadastraError while the store is not open. */
  snapshot(): Snapshot;

  /** Never waits for the disk. */
  stats(): StoreStats;

  /**
   * Rewrites the log without what nobody needs any more: overwritten values, removed keys, history that every consumer
   * has acknowledged. Entries keep their versions and timestamps. Reads and writes go on; the work is done on a thread of
   * its own and keeps the process alive. Until it is done the disk holds both logs; when it fails the old one stays. The
   * new log has the mode and, where that is permitted, the owner of the old one.
   *
   * Compactions and backups of a store are done one by one, in the order of the calls.
   *
   * Errors: `invalid_state` for a memory-only store, when it is aborted or the store is closed meanwhile, and when the log
   * was removed or replaced by another file; `io_error`, for instance when the disk is full or the log is a mount of its
   * own; `store_error` when what was written does not read back.
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
   * Writes a copy of the store to `path` while reads and writes go on. It is one moment of the store, with every write
   * that was acknowledged before the call, and with the consumers; it opens like any log. It appears under its name when
   * it is complete, on stable storage and read back. Compactions and backups that were asked for before are waited for.
   * It is not more readable than the log.
   *
   * Errors: `already_exists` when there is a file at `path`, which may be the log itself; `invalid_argument` for a bad
   * path, also for the names of files beside a log (`.new`, `.lock`); `invalid_state` and `io_error` as for
   * {@link StoreEngine.compact}.
   */
  backup(path: string, options?: LongCallOptions): Promise<Result<BackupReport>>;

  /**
   * The operations after `since`, in the order of their sequences, each once it is on stable storage and visible. In a
   * store without automatic flushes that is after `flush()`. Pages of at most 256 KiB and 1,024 operations, or of one
   * larger operation, are read from the log on a worker thread; others have their turn on the event loop after each. No
   * compaction takes away what a running iteration has not read. An iteration keeps up to two pages in memory. The first
   * page after an opening waits for a sync of what the log held.
   *
   * Nothing is read or remembered before the first `next()`. It ends when the store is closed, by `break`, `return()` and
   * the signal; one that is forgotten ends when it is collected. What it costs does not depend on how many others there
   * are. One signal can serve any number of calls: the store puts one listener on it.
   *
   * `next()` throws `not_found` when a compaction has dropped operations after `since` (the message names the sequence
   * from which on they are there) and `invalid_argument` when `since` is no sequence or beyond the last one.
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
   * The consumer called `name`, 1 to 255 bytes of UTF-8. One that is new is stored in the log, as durably as a write; a
   * log has at most 1,024. One that is known goes on where it was.
   *
   * Errors: `not_found` when a compaction has dropped operations after `since` that a new consumer asks for;
   * `invalid_argument` for a bad name and for a place that the history does not have.
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

  /** Forgets a consumer, so that it holds no history back. One that is unknown is `not_found`. */
  removeConsumer(name: string): Promise<Result<void>>;

  /** Sequence of the last committed operation, 0 when there was none. */
  lastSequence(): number;

  /** Sequence of the last operation that the last recovery replayed, 0 when there was none. */
  lastRecoveredSequence(): number;

  /** Commits what is staged and puts everything on stable storage, also what the log held when it was opened. */
  flush(): Promise<Result<void>>;

  /**
   * Commits what is staged, puts it on stable storage, marks the log as closed in order and lets go of it. Writes
   * called later give `invalid_state`. A running compaction or backup gives up; iterations over the history end. Closing
   * a closed store succeeds. While other threads have the log open it stays so for them, and the last one to close marks
   * it.
   */
  close(): Promise<Result<void>>;

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
    | 'remove'
    | 'batch'
    | 'apply'
    | 'recover'
    | 'flush'
    | 'compact'
    | 'backup'
    | 'consumer'
    | 'removeConsumer'
    | 'close']: Unwrapped<StoreEngine[Name]>;
};

/**
 * The state of a store at one moment. It stays usable after the store is closed.
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
   * Lets go of the state at once. Every other call then gives or throws `invalid_state`, and so does the next step of an
   * iterator of it that is not at its end. Closing again does nothing.
   */
  close(): void;
  /** {@link Snapshot.close}, for `using`. */
  [Symbol.dispose](): void;
  size(): number;
  /** Sequence of the last operation that shows in it. */
  lastSequence(): number;
  toJSON(): { lastSequence: number };
  /** A missing key is `not_found`. */
  get(key: KeyLike): Result<Entry>;
  /** Every key with its value, in key order. */
  all(): IterableIterator<[string, Value]>;
  entries(range?: RangeOptions): IterableIterator<[string, Entry]>;
  keys(range?: RangeOptions): IterableIterator<string>;
  values(range?: RangeOptions): IterableIterator<Value>;
}

/**
 * Builds a snapshot from a log without opening the store and without changing the file.
 *
 * @example
 * ```js
 * const built = await SnapshotBuilderStore.build('data/node-a.wal');
 * if (built.isOk()) {
 *   for (const [key, value] of built.value().all()) {
 *     console.log(key, value.toString());
 *   }
 * }
 * ```
 */
export class SnapshotBuilderStore {
  private constructor();
  /**
   * The log is read on a thread of its own. Errors as for {@link StoreEngine.open}; aborted by its signal it gives
   * `invalid_state`.
   */
  static build(path: string, options?: LongCallOptions): Promise<Result<Snapshot>>;
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
