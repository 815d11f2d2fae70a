'use strict';

const { wrapValue } = require('./value.js');

/** What is stored under one key at one moment. */
class Entry {
  constructor(key, value, version, timestamp) {
    this.key = key;
    this.value = value;
    this.version = version;
    this.timestamp = timestamp;
  }
}

/** Makes an Entry from the string or bytes that native code returned. */
function entryOf(key, content, version, timestamp) {
  return new Entry(key, wrapValue(content), version, timestamp);
}

module.exports = { Entry, entryOf };
