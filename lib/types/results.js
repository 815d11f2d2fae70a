'use strict';

/** Outcome of `put`: the entry was either created or updated. */
class PutResult {
  constructor(key, version, created) {
    this.key = key;
    this.version = version;
    this.created = created;
    this.updated = !created;
  }
}

/** Outcome of `remove`; `deleted` is false when there was nothing under the key. */
class RemoveResult {
  constructor(key, version, deleted) {
    this.key = key;
    this.version = version;
    this.deleted = deleted;
  }
}

/** Outcome of `apply`; at most one of `created`, `updated` and `deleted` is true. */
class ApplyResult {
  constructor(type, key, version, applied, created, updated, deleted) {
    this.type = type;
    this.key = key;
    this.version = version;
    this.applied = applied;
    this.created = created;
    this.updated = updated;
    this.deleted = deleted;
  }
}

/** Outcome of `update`; none of the booleans is true when the entry was left as it was. */
class UpdateResult {
  constructor(key, version, { created = false, updated = false, deleted = false }, tries) {
    this.key = key;
    this.version = version;
    this.created = created;
    this.updated = updated;
    this.deleted = deleted;
    this.tries = tries;
  }
}

/** Outcome of `batch`: one result per operation, in their order. */
class BatchResult {
  constructor(results, firstVersion, done = results.length) {
    this.results = results;
    this.firstVersion = done === 0 ? 0 : firstVersion;
    this.lastVersion = done === 0 ? 0 : firstVersion + done - 1;
    this.size = results.length;
  }
}

/** What a recovery found in the log, and what it did about a torn end. */
class RecoveryReport {
  constructor(report) {
    this.checkpointEntries = report.checkpointEntries;
    this.records = report.records;
    this.entries = report.entries;
    this.indexedSequence = report.indexedSequence;
    this.bytesUnverified = report.bytesUnverified;
    this.indexFailure = report.indexFailure;
    this.lastSequence = report.lastSequence;
    this.bytesKept = report.bytesKept;
    this.bytesCut = report.bytesCut;
    this.cutSavedTo = report.cutSavedTo;
    this.durationMs = report.durationMs;
    this.created = report.created;
    this.cleanShutdown = report.cleanShutdown;
  }
}

/** What a salvage saved from a damaged log, and what it could not save. */
class SalvageReport {
  constructor(report) {
    this.log = report.log;
    this.copy = report.copy;
    this.entries = report.entries;
    this.records = report.records;
    this.lastSequence = report.lastSequence;
    this.bytesKept = report.bytesKept;
    this.problem = report.problem;
    this.later = report.later;
    this.bytesLost = report.bytesLost;
    this.bytesUnreadable = report.bytesUnreadable;
  }
}

/** What a compaction did. */
class CompactionReport {
  constructor(report) {
    this.bytesBefore = report.bytesBefore;
    this.bytesAfter = report.bytesAfter;
    this.floor = report.floor;
    this.durationMs = report.durationMs;
    this.pauseMs = report.pauseMs;
  }
}

/** What a backup holds. */
class BackupReport {
  constructor(report) {
    this.path = report.path;
    this.bytes = report.bytes;
    this.entries = report.entries;
    this.lastSequence = report.lastSequence;
    this.durationMs = report.durationMs;
  }
}

/** What a sweep did. */
class SweepReport {
  constructor(report) {
    this.removed = report.removed;
  }
}

module.exports = {
  BackupReport,
  CompactionReport,
  SweepReport,
  PutResult,
  RemoveResult,
  ApplyResult,
  BatchResult,
  UpdateResult,
  RecoveryReport,
  SalvageReport,
};
