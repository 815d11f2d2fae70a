'use strict';

const { toError } = require('../types/error.js');
const { warn } = require('../write/warnings.js');

/** The figures of a store, as plain data. */
function statsOf(handle) {
  warn(handle);
  const stats = handle.stats();
  if (stats.lastCompactionError !== undefined) {
    stats.lastCompactionError = toError(stats.lastCompactionError);
  }
  return stats;
}

module.exports = { statsOf };
