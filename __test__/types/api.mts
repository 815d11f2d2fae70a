// The types say what the classes do. This file is compiled, never run.

import {
  type ApplyResult,
  type BackupReport,
  type BatchOperation,
  type BatchResult,
  type Change,
  Client,
  ClientOptions,
  type CompactionReport,
  Consumer,
  type Entry,
  type Err,
  type ErrorCode,
  Key,
  LoggedOperation,
  type Ok,
  Operation,
  OperationDecoder,
  OperationEncoder,
  type OperationType,
  type PutResult,
  type RecoveryReport,
  type RemoveResult,
  Result,
  readLog,
  type SalvagedRun,
  type SalvageReport,
  type Snapshot,
  SnapshotBuilderStore,
  SoftadastraError,
  StoreConfig,
  type StoreEngine,
  type StoreStats,
  salvage,
  Value,
} from '@softadastra/store';
import { exactly } from './exactly.mjs';

export async function salvages(): Promise<void> {
  const saved = await salvage('damaged.wal', 'saved.wal');
  exactly<Result<SalvageReport>>()(saved, true);
  exactly<readonly SalvagedRun[]>()(saved.value().later, true);
  // @ts-expect-error the second path is missing
  await salvage('damaged.wal');
}

export async function histories(store: StoreEngine): Promise<void> {
  const { signal } = new AbortController();
  const onProgress = (progress: { written: number; expected: number }): void =>
    exactly<number>()(progress.written, true);
  exactly<Result<CompactionReport>>()(await store.compact({ onProgress, signal }), true);
  exactly<Result<BackupReport>>()(await store.backup('b.wal', { onProgress }), true);
  const consumer = (await store.consumer('outbox', { since: 1 })).value();
  exactly<Consumer>()(consumer, true);
  exactly<number>()(consumer.position(), true);
  exactly<Result<void>>()(await consumer.acknowledge(1), true);
  exactly<Result<void>>()(await store.removeConsumer('outbox'), true);
  for await (const logged of store.operations({ since: 1, follow: true, signal })) {
    exactly<LoggedOperation>()(logged, true);
    exactly<Operation>()(logged.operation, true);
    exactly<boolean>()(logged.endsBatch, true);
    exactly<Result<ApplyResult>>()(await store.apply(logged.payload, { ifVersion: 0 }), true);
    const { operation, payload } = logged;
    const given = [operation, payload, { operation, ifVersion: 1 }];
    exactly<Result<BatchResult<ApplyResult>>>()(await store.applyBatch(given), true);
    exactly<Result<BatchResult<ApplyResult>>>()(store.applyBatchSync([payload]), true);
  }
  for await (const change of store.watch({ prefix: 'a', lte: new Key('b') }, { signal })) {
    exactly<Change>()(change, true);
    exactly<'put' | 'remove'>()(change.type, true);
    exactly<Value | undefined>()(change.value, true);
    exactly<boolean>()(change.overflow, true);
  }
  // @ts-expect-error a watch has no order of its own
  store.watch({ reverse: true });
  exactly<number>()(store.snapshot().lastSequence(), true);
  exactly<Array<{ name: string; position: number }>>()(store.stats().consumers, true);
  StoreConfig.fast('a.wal', { compaction: { ratio: 3, minimumBytes: 0 } }).compaction = false;
  // @ts-expect-error misspelt
  StoreConfig.durable('a.wal', { compaction: { ration: 3 } });
  // @ts-expect-error a consumer knows where it begins
  consumer.operations({ since: 1 });
  // @ts-expect-error misspelt
  store.compact({ onprogress: onProgress });
  // @ts-expect-error comes from operations()
  new LoggedOperation(1, new Uint8Array());
  // @ts-expect-error comes from consumer()
  new Consumer('outbox');
}

export async function writes(store: StoreEngine): Promise<void> {
  exactly<Result<PutResult>>()(await store.put('a', 'text'), true);
  exactly<Result<RemoveResult>>()(await store.remove(new Key('a')), true);
  exactly<Result<ApplyResult>>()(await store.apply(Operation.put('a', 'x')), true);
  exactly<Result<BatchResult>>()(await store.batch([]), true);
  exactly<Result<void>>()(await store.flush(), true);
  exactly<Result<void>>()(await store.close(), true);
  exactly<Result<RecoveryReport>>()(await store.recover(), true);
  exactly<Result<RecoveryReport>>()(await store.recover({ verify: 'first' }), true);
  exactly<Result<void>>()(await store.ready({ signal: AbortSignal.timeout(1) }), true);
  // @ts-expect-error no such time
  await store.recover({ verify: 'now' });
  // @ts-expect-error misspelt
  await store.ready({ sginal: AbortSignal.timeout(1) });
  exactly<RecoveryReport | undefined>()(store.recoveryReport(), true);

  await store.put(new Key('a'), Uint8Array.of(1), { ifVersion: 0 });
  await store.put('a', Buffer.from('x'), {});
  await store.put('a', Value.fromString('x'), { ifVersion: undefined });
  // @ts-expect-error a number is no key
  await store.put(1, 'x');
  // @ts-expect-error a number is no value
  await store.put('a', 1);
  // @ts-expect-error the value is missing
  await store.put('a');
  // @ts-expect-error misspelt
  await store.put('a', 'x', { ifversion: 1 });
  // @ts-expect-error a version is a number
  await store.remove('a', { ifVersion: '1' });
  // @ts-expect-error a plain object is no Operation
  await store.apply({ type: 'put', key: 'a', value: 'x', timestamp: 1 });
}

export async function batches(store: StoreEngine): Promise<void> {
  const operations: ReadonlyArray<BatchOperation> = [
    { type: 'put', key: 'a', value: 'x', ifVersion: 1 },
    { type: 'remove', key: new Key('a') },
    { type: 'delete', key: 'a' },
  ];
  const batch = (await store.batch([...operations, Operation.remove('b')])).value();
  exactly<Array<PutResult | RemoveResult>>()(batch.results, true);
  exactly<number>()(batch.firstVersion, true);
  for (const result of batch.results) {
    if ('deleted' in result) {
      exactly<RemoveResult>()(result, true);
    } else {
      exactly<PutResult>()(result, true);
    }
  }
  // @ts-expect-error a put needs a value
  await store.batch([{ type: 'put', key: 'a' }]);
  // @ts-expect-error a remove has no value
  await store.batch([{ type: 'remove', key: 'a', value: 'x' }]);
  // @ts-expect-error no such type
  await store.batch([{ type: 'del', key: 'a' }]);
  // @ts-expect-error not an array
  await store.batch(Operation.remove('a'));
}

export function reads(store: StoreEngine): void {
  exactly<Result<Entry>>()(store.get('a'), true);
  exactly<string | undefined>()(store.getString(new Key('a')), true);
  exactly<Buffer | undefined>()(store.getBytes('a'), true);
  exactly<Array<string | undefined>>()(store.getMany(['a', new Key('b')]), true);
  exactly<boolean>()(store.contains('a'), true);
  exactly<number>()(store.size(), true);
  exactly<boolean>()(store.empty(), true);
  exactly<number>()(store.lastSequence(), true);
  exactly<number>()(store.lastRecoveredSequence(), true);
  exactly<StoreStats>()(store.stats(), true);
  exactly<boolean>()(store.stats().ready, true);
  exactly<StoreStats['rewriting']>()(store.stats().warming, true);
  exactly<number>()(store.stats().indexedSequence, true);
  exactly<string | undefined>()(store.stats().indexFailure, true);
  exactly<number | undefined>()(store.stats().entries, true);
  exactly<number | undefined>()(store.recoveryReport()?.entries, true);
  exactly<Snapshot>()(store.snapshot(), true);

  const entry = store.get('a').value();
  exactly<string>()(entry.key, true);
  exactly<Value>()(entry.value, true);
  exactly<number>()(entry.version, true);
  exactly<number>()(entry.timestamp, true);
  // @ts-expect-error what was read cannot be changed
  entry.version = 2;
  // @ts-expect-error a get is of one key
  store.get(['a']);
}

export function scans(source: StoreEngine | Snapshot): void {
  for (const [key, entry] of source.entries({ prefix: 'a', reverse: true, limit: 1 })) {
    exactly<string>()(key, true);
    exactly<Entry>()(entry, true);
  }
  for (const key of source.keys({ gt: 'a', gte: 'a', lt: new Key('b'), lte: 'b' })) {
    exactly<string>()(key, true);
  }
  for (const value of source.values()) {
    exactly<Value>()(value, true);
  }
  // @ts-expect-error misspelt
  source.keys({ perfix: 'a' });
  // @ts-expect-error a limit is a number
  source.keys({ limit: '1' });
}

export async function snapshots(): Promise<void> {
  const built = await SnapshotBuilderStore.build('a.wal');
  exactly<Result<Snapshot>>()(built, true);
  exactly<Result<Snapshot>>()(await readLog('a.wal', { onProgress: undefined }), true);
  // @ts-expect-error misspelt
  await readLog('a.wal', { sginal: undefined });
  const snapshot = built.value();
  exactly<Result<Entry>>()(snapshot.get('a'), true);
  exactly<number>()(snapshot.size(), true);
  for (const [key, value] of snapshot.all()) {
    exactly<string>()(key, true);
    exactly<Value>()(value, true);
  }
  // @ts-expect-error a snapshot is not written to
  snapshot.put('a', 'x');
}

export function results(): void {
  exactly<Ok<number>>()(Result.ok(7), true);
  const failed = Result.err(new SoftadastraError('io_error', 'message', 'context'));
  exactly<Err>()(failed, true);
  exactly<ErrorCode>()(failed.error().codeString(), true);
  exactly<string | undefined>()(failed.error().context, true);
  const error: Error = failed.error();
  exactly<string>()(error.message, true);
  // @ts-expect-error no such code
  new SoftadastraError('oops', 'message');
  // @ts-expect-error codes are compared with codes
  failed.error().codeString() === 'notfound';
  // @ts-expect-error made with the factories
  new Result();
  const result: Result<number> = Math.random() < 2 ? Result.ok(7) : failed;
  exactly<number>()(result.value(), true);
  exactly<SoftadastraError>()(result.error(), true);
  if (result.ok) {
    exactly<Ok<number>>()(result, true);
  } else {
    exactly<Err>()(result, true);
  }
  if (result.isErr()) {
    exactly<Err>()(result, true);
  } else {
    exactly<Ok<number>>()(result, true);
  }
  const unknown: unknown = result;
  if (unknown instanceof Result) {
    exactly<unknown>()(unknown.value(), true);
  }
  // @ts-expect-error only a SoftadastraError
  Result.err(new Error('message'));
}

export function codec(): void {
  const operation = Operation.put('a', 'x', { timestamp: 1 });
  exactly<OperationType>()(operation.type, true);
  exactly<string>()(operation.key, true);
  exactly<Value | undefined>()(operation.value, true);
  exactly<number>()(operation.timestamp, true);
  exactly<Result<Uint8Array>>()(OperationEncoder.encode(operation), true);
  exactly<Result<Operation>>()(OperationDecoder.decode(Buffer.alloc(0)), true);
  // @ts-expect-error text is no payload
  OperationDecoder.decode('payload');
  // @ts-expect-error made with the factories
  new Operation('put', 'a', 'x', 1);
  // @ts-expect-error misspelt
  Operation.remove('a', { timestmap: 1 });
}

export function values(): void {
  exactly<string>()(Value.fromString('x').toString(), true);
  exactly<Buffer>()(Value.fromBytes(new Uint8Array()).toBytes(), true);
  exactly<boolean>()(new Key('a').isValid(), true);
  // @ts-expect-error bytes have a factory of their own
  Value.fromString(new Uint8Array());
  // @ts-expect-error made with the factories
  new Value('x');
}

export async function clients(): Promise<void> {
  const options = ClientOptions.persistent('node-a', 'a.wal');
  options.displayName = 'Desk';
  options.transportPort = 4041;
  // @ts-expect-error misspelt
  options.enableWall = true;
  // @ts-expect-error a port is a number
  options.discoveryPort = '5051';
  const client = new Client(options);
  exactly<Result<void>>()(await client.open(), true);
  exactly<Result<PutResult>>()(await client.put('a', 'x'), true);
  exactly<Result<Value>>()(await client.get('a'), true);
  exactly<Result<RemoveResult>>()(await client.remove('a'), true);
  exactly<boolean>()(client.contains('a'), true);
  exactly<number>()(client.size(), true);
  exactly<boolean>()(client.empty(), true);
  exactly<Result<void>>()(await client.close(), true);
  // @ts-expect-error a node id is not enough
  new Client('node-a');
}
