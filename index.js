'use strict';

const { ClientOptions } = require('./lib/client-options.js');
const { Client } = require('./lib/client.js');
const { StoreConfig } = require('./lib/config.js');
const { Consumer } = require('./lib/consumer.js');
const { StoreEngine } = require('./lib/engine.js');
const { Entry } = require('./lib/entry.js');
const { SoftadastraError } = require('./lib/error.js');
const { Key } = require('./lib/key.js');
const { LoggedOperation } = require('./lib/logged-operation.js');
const { Operation, OperationDecoder, OperationEncoder } = require('./lib/operation.js');
const { Result } = require('./lib/result.js');
const {
  ApplyResult,
  BackupReport,
  BatchResult,
  CompactionReport,
  PutResult,
  RecoveryReport,
  RemoveResult,
  SalvageReport,
} = require('./lib/results.js');
const { salvage } = require('./lib/salvage.js');
const { Snapshot, SnapshotBuilderStore } = require('./lib/snapshot.js');
const { Value } = require('./lib/value.js');

module.exports = {
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
};
