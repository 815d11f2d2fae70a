'use strict';

let last = 0;

/**
 * A number that nothing else in this thread has, for a field of what is equal to nothing but itself: comparisons by fields
 * do not see the private ones.
 */
function nextIdentity() {
  last += 1;
  return last;
}

module.exports = { nextIdentity };
