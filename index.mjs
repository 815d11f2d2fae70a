import store from './index.js';

export const {
  ApplyResult,
  BackupReport,
  BatchResult,
  Client,
  ClientOptions,
  CompactionReport,
  Consumer,
  Entry,
  Key,
  LoggedOperation,
  Operation,
  OperationDecoder,
  OperationEncoder,
  PutResult,
  RecoveryReport,
  RemoveResult,
  Result,
  SalvageReport,
  Snapshot,
  SnapshotBuilderStore,
  SoftadastraError,
  StoreConfig,
  StoreEngine,
  Value,
  salvage,
} = store;

export default store;
