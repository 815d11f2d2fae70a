'use strict';

const { readCompaction } = require('../options/compaction.js');
const { isOf, markClass } = require('../types/copies.js');
const { invalidArgument } = require('../types/error.js');
const { checkBoolean, checkNames } = require('../options/check.js');
const { checkNodeId } = require('../options/if-newer.js');
const { readPath } = require('../options/path.js');
const { readTombstones } = require('../options/tombstones.js');

const MODES = ['memory', 'log'];
const FAST_OPTIONS = [
  'stagedBytesLimit',
  'compaction',
  'memoryLimit',
  'nodeId',
  'tombstones',
  'sweep',
];
const DURABLE_OPTIONS = ['autoFlush', ...FAST_OPTIONS];
const FIELDS = ['mode', 'path', ...DURABLE_OPTIONS];
const MEMORY_NAMES = ['mode', 'stagedBytesLimit', 'memoryLimit', 'nodeId', 'tombstones', 'sweep'];
const LEAST_MEMORY = 1024 * 1024;
const DEFAULT_STAGED_BYTES_LIMIT = 16 * 1024 * 1024;

/** How a store keeps its state. The fields may be changed until a StoreEngine is created from them. */
class StoreConfig {
  constructor() {
    this.mode = 'memory';
    this.path = '';
    this.autoFlush = true;
    this.stagedBytesLimit = DEFAULT_STAGED_BYTES_LIMIT;
    this.compaction = true;
    this.memoryLimit = undefined;
    this.nodeId = undefined;
    this.tombstones = undefined;
    this.sweep = true;
  }

  static memoryOnly() {
    return new StoreConfig();
  }

  /** What an acknowledged write survives. */
  get durability() {
    if (this.mode === 'memory') {
      return 'none';
    }
    return this.autoFlush ? 'power' : 'process';
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
  config.mode = 'log';
  config.path = path;
  config.autoFlush = autoFlush;
  if (options !== undefined) {
    checkNames(options, names, owner);
    take(config, options, names);
  }
  return config;
}

function take(config, options, names) {
  for (const name of names) {
    if (options[name] !== undefined) {
      config[name] = options[name];
    }
  }
}

/** The config that plain options describe. It needs a path, so that a lost path does not lead to a store in memory. */
function configOf(options) {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidArgument(
      'a store needs options, { path } at least, or a StoreConfig: StoreConfig.memoryOnly(), StoreConfig.durable(path) or StoreConfig.fast(path)',
    );
  }
  const { mode = 'log' } = options;
  const config = new StoreConfig();
  config.mode = 'log';
  config.path = options.path;
  const names = mode === 'memory' ? MEMORY_NAMES : FIELDS;
  checkNames(options, names, mode === 'memory' ? 'a store in memory' : 'a store');
  take(config, options, names);
  return config;
}

/** Throws unless a store can be opened with this; returns the fields as they are now, safe from later changes. */
function readConfig(given) {
  let config = given;
  if (isOf(given, 'StoreConfig')) {
    checkNames(given, FIELDS, 'StoreConfig');
  } else {
    config = configOf(given);
  }
  const { mode, autoFlush, stagedBytesLimit, memoryLimit, nodeId, sweep } = config;
  const settings = { mode, autoFlush, sweep };
  if (!MODES.includes(mode)) {
    throw invalidArgument('mode must be "memory" or "log"', 'mode');
  }
  const path = mode === 'log' ? readPath(config.path) : '';
  checkBoolean(autoFlush, 'autoFlush');
  checkBoolean(sweep, 'sweep');
  if (!Number.isSafeInteger(stagedBytesLimit) || stagedBytesLimit < 1) {
    throw invalidArgument(
      'stagedBytesLimit must be a whole number of bytes, 1 or more',
      'stagedBytesLimit',
    );
  }
  if (
    memoryLimit !== undefined &&
    !(Number.isSafeInteger(memoryLimit) && memoryLimit >= LEAST_MEMORY)
  ) {
    throw invalidArgument(
      `memoryLimit must be a whole number of bytes, ${LEAST_MEMORY} or more`,
      'memoryLimit',
    );
  }
  if (nodeId !== undefined) {
    checkNodeId(nodeId);
  }
  const compaction = readCompaction(config.compaction);
  const tombstoneLife = readTombstones(config.tombstones);
  return { ...settings, path, stagedBytesLimit, compaction, memoryLimit, nodeId, tombstoneLife };
}

module.exports = { StoreConfig, readConfig };
