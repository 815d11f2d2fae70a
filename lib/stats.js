'use strict';

const { toError } = require('./error.js');

/** The figures of a store, as plain data. */
function statsOf(handle) {
  const stats = handle.stats();
  if (stats.lastCompactionError !== undefined) {
    stats.lastCompactionError = toError(stats.lastCompactionError);
  }
  return stats;
}

module.exports = { statsOf };
