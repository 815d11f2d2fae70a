'use strict';

const { toError } = require('../types/error.js');
const { warn } = require('../write/warnings.js');

/** The statistics of a store, as plain data. */
function statsOf(handle) {
  warn(handle);
  const { following: _, ...stats } = handle.stats();
  if (stats.lastCompactionError !== undefined) {
    stats.lastCompactionError = toError(stats.lastCompactionError);
  }
  return stats;
}

/** The statistics of a store that follows a log: those that a writer has as well, and what became of following it. */
function followerStatsOf(handle) {
  const { entries, expiringEntries, liveBytes, memoryBytes, logBytes, ...more } = handle.stats();
  const { tombstones, lastSequence, floor, consumers, snapshots, watches, following, ...opening } =
    more;
  const { ready, warming, indexedSequence } = opening;
  const { restarts, lastRestart, error } = following;
  return {
    entries,
    expiringEntries,
    liveBytes,
    tombstones,
    memoryBytes,
    logBytes,
    lastSequence,
    floor,
    consumers,
    snapshots,
    watches,
    ready,
    warming,
    indexedSequence,
    restarts,
    lastRestart,
    followError: error === undefined ? undefined : toError(error),
  };
}

module.exports = { followerStatsOf, statsOf };
