'use strict';

let last = 0;

/**
 * A number that is unique in this thread, for a field of objects that equal only themselves: comparisons by fields do not
 * see private ones.
 */
function nextIdentity() {
  last += 1;
  return last;
}

module.exports = { nextIdentity };
