import store from './index.js';

export const {
  ApplyResult,
  BatchResult,
  Client,
  ClientOptions,
  Entry,
  Key,
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
