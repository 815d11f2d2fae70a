'use strict';

const { ClientOptions } = require('./lib/options/client-options.js');
const { Change } = require('./lib/types/change.js');
const { Client } = require('./lib/api/client.js');
const { StoreConfig } = require('./lib/api/config.js');
const { Consumer } = require('./lib/api/consumer.js');
const { StoreEngine } = require('./lib/api/engine.js');
const { Entry } = require('./lib/types/entry.js');
const { SoftadastraError } = require('./lib/types/error.js');
const { Key } = require('./lib/types/key.js');
const { LoggedOperation } = require('./lib/types/logged-operation.js');
const { Operation, OperationDecoder, OperationEncoder } = require('./lib/types/operation.js');
const { Result } = require('./lib/types/result.js');
const {
  ApplyResult,
  BackupReport,
  BatchResult,
  CompactionReport,
  PutResult,
  RecoveryReport,
  RemoveResult,
  SalvageReport,
  SweepReport,
  UpdateResult,
} = require('./lib/types/results.js');
const { salvage } = require('./lib/api/salvage.js');
const { Snapshot, SnapshotBuilderStore, readLog } = require('./lib/api/snapshot.js');
const { TypedStore } = require('./lib/api/typed-store.js');
const { Value } = require('./lib/types/value.js');

module.exports = {
  ApplyResult,
  BackupReport,
  BatchResult,
  Change,
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
  SweepReport,
  TypedStore,
  UpdateResult,
  Value,
  readLog,
  salvage,
};
