'use strict';

// What became of an operation of a committed group: one byte each, as native code reports it.

const CREATED = 0;
const UPDATED = 1;
const DELETED = 2;
// 3 is a removal that found nothing.
const OUTDATED = 4;
const REFUSED = 5;

/** What a commit on this thread gave: of one accepted operation a number, four times its sequence and its outcome. */
function readCommitted(given) {
  return typeof given === 'number' ? [Math.floor(given / 4), [given % 4], undefined] : given;
}

/** How many of these operations took a sequence. */
function taken(outcomes, from, to) {
  let count = 0;
  for (let at = from; at < to; at += 1) {
    count += outcomes[at] < OUTDATED ? 1 : 0;
  }
  return count;
}

module.exports = { readCommitted, CREATED, UPDATED, DELETED, OUTDATED, REFUSED, taken };
