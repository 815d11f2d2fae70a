'use strict';

const { checkNames, checkBoolean, checkWhole } = require('../options/check.js');
const { checkNodeId } = require('../options/if-newer.js');
const { isOf } = require('../types/copies.js');
const { invalidArgument } = require('../types/error.js');
const { unwrapKey } = require('../types/key.js');

const OPTIONS = [
  'pool',
  'nodeId',
  'schema',
  'prefix',
  'listen',
  'pollMs',
  'maxAheadMs',
  'keepChangesMs',
  'timeoutMs',
];

const WEEK_MS = 7 * 24 * 3600 * 1000;

/** So that it is a name without quoting, and with what is put before it still short enough for one. */
const SCHEMA = /^[a-z_][a-z0-9_]{0,47}$/;

function readOptions(engine, options) {
  if (!isOf(engine, 'StoreEngine')) {
    throw invalidArgument('a PostgresBridge takes an open StoreEngine');
  }
  checkNames(options, OPTIONS, 'a PostgresBridge');
  const { pool, nodeId, schema, prefix = '', listen = true } = options;
  if (typeof pool?.connect !== 'function' || typeof pool.on !== 'function') {
    throw invalidArgument('pool must be a Pool of pg', 'pool');
  }
  if (typeof schema !== 'string' || !SCHEMA.test(schema)) {
    throw invalidArgument(
      'schema must be a name of 1 to 48 small letters, digits and underscores',
      'schema',
    );
  }
  checkBoolean(listen, 'listen');
  const text = prefix === '' ? '' : unwrapKey(prefix);
  if (typeof text !== 'string' || !text.isWellFormed()) {
    throw invalidArgument('prefix must be well-formed text', 'prefix');
  }
  const maxAheadMs = options.maxAheadMs ?? 60_000;
  return {
    pool,
    nodeId: checkNodeId(nodeId),
    schema,
    prefix: text,
    listen,
    pollMs: atLeastOne(options.pollMs ?? 1000, 'pollMs'),
    maxAheadMs:
      maxAheadMs === Number.POSITIVE_INFINITY ? maxAheadMs : checkWhole(maxAheadMs, 'maxAheadMs'),
    keepChangesMs: checkWhole(options.keepChangesMs ?? WEEK_MS, 'keepChangesMs'),
    timeoutMs: atLeastOne(options.timeoutMs ?? 30_000, 'timeoutMs'),
  };
}

function atLeastOne(value, name) {
  if (checkWhole(value, name) === 0) {
    throw invalidArgument(`${name} must be 1 or more`, name);
  }
  return value;
}

module.exports = { readOptions };
