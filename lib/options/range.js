'use strict';

const { checkBoolean, checkNames } = require('./check.js');
const { invalidArgument } = require('../types/error.js');
const { unwrapKey } = require('../types/key.js');

const BOUNDS = ['prefix', 'gt', 'gte', 'lt', 'lte'];
const RANGE_OPTIONS = [...BOUNDS, 'reverse', 'limit'];

/** Checks range options and converts them to the form that native code takes. */
function readRange(range, owner) {
  const scan = {
    prefix: undefined,
    gt: undefined,
    gte: undefined,
    lt: undefined,
    lte: undefined,
    reverse: false,
  };
  if (range === undefined) {
    return { scan, limit: Number.POSITIVE_INFINITY };
  }
  checkNames(range, RANGE_OPTIONS, owner);
  readBounds(range, scan);
  // No key comes before the empty string; to native code an empty bound means none.
  const nothing = scan.lt === '' || scan.lte === '';
  const { reverse = false, limit = Number.POSITIVE_INFINITY } = range;
  checkBoolean(reverse, 'reverse');
  scan.reverse = reverse;
  if (limit !== Number.POSITIVE_INFINITY && (!Number.isSafeInteger(limit) || limit < 0)) {
    throw invalidArgument('limit must be a whole number, 0 or more', 'limit');
  }
  return { scan, limit: nothing ? 0 : limit };
}

function readBounds(range, bounds) {
  for (const name of BOUNDS) {
    if (range[name] !== undefined) {
      bounds[name] = readBound(range[name], name);
    }
  }
}

/** Checks the bounds of a range without an order or a limit. */
function readKeyRange(range, owner) {
  const bounds = {};
  if (range !== undefined) {
    checkNames(range, BOUNDS, owner);
    readBounds(range, bounds);
  }
  if (bounds.lt === '' || bounds.lte === '') {
    // No key comes before the empty string; to native code an empty bound means none.
    bounds.lt = '\0';
  }
  return bounds;
}

function readBound(bound, name) {
  const text = unwrapKey(bound);
  if (typeof text !== 'string') {
    throw invalidArgument(`${name} must be a string or a Key`, name);
  }
  if (!text.isWellFormed()) {
    throw invalidArgument(`${name} is not well-formed Unicode`, name);
  }
  return text;
}

module.exports = { readKeyRange, readRange };
