'use strict';

// What became of an operation of a committed group: one byte each, as native code reports it.

const CREATED = 0;
const UPDATED = 1;
const DELETED = 2;
// 3 is a removal that found nothing.
const REFUSED = 4;

/** What a commit on this thread gave: of one accepted operation a number, four times its sequence and its outcome. */
function readCommitted(given) {
  return typeof given === 'number' ? [Math.floor(given / 4), [given % 4], undefined] : given;
}

module.exports = { readCommitted, CREATED, UPDATED, DELETED, REFUSED };
