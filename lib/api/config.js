'use strict';

const { readCompaction } = require('../options/compaction.js');
const { isOf, markClass } = require('../types/copies.js');
const { invalidArgument } = require('../types/error.js');
const { checkBoolean, checkNames } = require('../options/check.js');
const { readPath } = require('../options/path.js');

const MODES = ['memory', 'durable'];
const FIELDS = ['mode', 'path', 'autoFlush', 'stagedBytesLimit', 'compaction'];
const DURABLE_OPTIONS = ['autoFlush', 'stagedBytesLimit', 'compaction'];
const FAST_OPTIONS = ['stagedBytesLimit', 'compaction'];
const DEFAULT_STAGED_BYTES_LIMIT = 16 * 1024 * 1024;

/** How a store keeps its state. The fields may be changed until a StoreEngine is made from them. */
class StoreConfig {
  constructor() {
    this.mode = 'memory';
    this.path = '';
    this.autoFlush = true;
    this.stagedBytesLimit = DEFAULT_STAGED_BYTES_LIMIT;
    this.compaction = true;
  }

  static memoryOnly() {
    return new StoreConfig();
  }

  static durable(path, options) {
    return logged(path, true, options, DURABLE_OPTIONS, 'StoreConfig.durable');
  }

  static fast(path, options) {
    return logged(path, false, options, FAST_OPTIONS, 'StoreConfig.fast');
  }
}

markClass(StoreConfig, 'StoreConfig');

function logged(path, autoFlush, options, names, owner) {
  const config = new StoreConfig();
  config.mode = 'durable';
  config.path = path;
  config.autoFlush = autoFlush;
  if (options !== undefined) {
    checkNames(options, names, owner);
    for (const name of names) {
      if (options[name] !== undefined) {
        config[name] = options[name];
      }
    }
  }
  return config;
}

/** Throws unless `config` can open a store; returns its fields as they are now, safe from later changes. */
function readConfig(config) {
  if (!isOf(config, 'StoreConfig')) {
    throw invalidArgument(
      'a store needs a StoreConfig: StoreConfig.memoryOnly(), StoreConfig.durable(path) or StoreConfig.fast(path)',
    );
  }
  checkNames(config, FIELDS, 'StoreConfig');
  const { mode, autoFlush, stagedBytesLimit } = config;
  if (!MODES.includes(mode)) {
    throw invalidArgument('mode must be "memory" or "durable"', 'mode');
  }
  const path = mode === 'durable' ? readPath(config.path) : '';
  checkBoolean(autoFlush, 'autoFlush');
  if (!Number.isSafeInteger(stagedBytesLimit) || stagedBytesLimit < 1) {
    throw invalidArgument(
      'stagedBytesLimit must be a whole number of bytes, 1 or more',
      'stagedBytesLimit',
    );
  }
  const compaction = readCompaction(config.compaction);
  return { mode, path, autoFlush, stagedBytesLimit, compaction };
}

module.exports = { StoreConfig, readConfig };
