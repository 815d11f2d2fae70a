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
  Snapshot,
  SnapshotBuilderStore,
  SoftadastraError,
  StoreConfig,
  StoreEngine,
  Value,
} = store;

export default store;
