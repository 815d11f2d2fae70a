'use strict';

const { invalidArgument } = require('../types/error.js');
const { checkNames, checkWhole } = require('./check.js');

const OPTIONS = ['ratio', 'minimumBytes'];
const DEFAULT_RATIO = 2;
const DEFAULT_MINIMUM_BYTES = 4 * 1024 * 1024;

/** Reads the option `compaction`: false, true, or the rules for when to do it. */
function readCompaction(compaction) {
  if (typeof compaction !== 'boolean') {
    if (typeof compaction !== 'object' || compaction === null) {
      throw invalidArgument('compaction must be true, false or an object', 'compaction');
    }
    checkNames(compaction, OPTIONS, 'compaction');
  }
  const { ratio = DEFAULT_RATIO, minimumBytes = DEFAULT_MINIMUM_BYTES } = compaction;
  if (!Number.isFinite(ratio) || ratio < 1) {
    throw invalidArgument('ratio must be a number, 1 or more', 'ratio');
  }
  checkWhole(minimumBytes, 'minimumBytes');
  return { automatic: compaction !== false, ratio, minimumBytes };
}

module.exports = { readCompaction };
