'use strict';

const { invalidArgument } = require('../types/error.js');
const { checkNames } = require('./check.js');

/** Reads the option `tombstones`: for how many milliseconds removals are remembered; undefined when nothing was given. */
function readTombstones(tombstones) {
  if (tombstones === undefined) {
    return undefined;
  }
  if (typeof tombstones !== 'object' || tombstones === null) {
    throw invalidArgument('tombstones must be an object: { lifeMs }', 'tombstones');
  }
  checkNames(tombstones, ['lifeMs'], 'tombstones');
  const { lifeMs } = tombstones;
  if (!Number.isSafeInteger(lifeMs) || lifeMs < 0) {
    throw invalidArgument(
      'lifeMs must be a whole number of milliseconds, 0 or more and less than 2 to the power of 53',
      'lifeMs',
    );
  }
  return lifeMs;
}

module.exports = { readTombstones };
