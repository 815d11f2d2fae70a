'use strict';

const { wrapValue } = require('./value.js');

/** What is stored under one key at one moment. */
class Entry {
  /** `expiresAt` is undefined, or 0, for an entry that does not expire. */
  constructor(key, value, version, timestamp, expiresAt) {
    this.key = key;
    this.value = value;
    this.version = version;
    this.timestamp = timestamp;
    if (expiresAt) {
      this.expiresAt = expiresAt;
    }
  }
}

/** Makes an Entry from the string or bytes that native code returned. */
function entryOf(key, content, version, timestamp, expiresAt) {
  return new Entry(key, wrapValue(content), version, timestamp, expiresAt);
}

module.exports = { Entry, entryOf };
