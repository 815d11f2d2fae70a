'use strict';

const { wrapValue } = require('./value.js');

/** One committed change of an entry, as a watch tells of it. */
class Change {
  constructor(type, key, value, version, timestamp, overflow) {
    this.type = type;
    this.key = key;
    this.value = value;
    this.version = version;
    this.timestamp = timestamp;
    this.overflow = overflow;
  }
}

/** How many values native code gives for each change. */
const FIELDS = 6;

/** The changes that native code gave as a list of their fields. */
function changesOf(fields) {
  const changes = new Array(fields.length / FIELDS);
  for (let i = 0; i < changes.length; i += 1) {
    const at = i * FIELDS;
    const isPut = fields[at];
    changes[i] = new Change(
      isPut ? 'put' : 'remove',
      fields[at + 1],
      isPut ? wrapValue(fields[at + 2]) : undefined,
      fields[at + 3],
      fields[at + 4],
      fields[at + 5],
    );
  }
  return changes;
}

/** The same change with a value of another type. */
function typedChange({ type, key, version, timestamp, overflow }, value) {
  return new Change(type, key, value, version, timestamp, overflow);
}

module.exports = { Change, changesOf, typedChange };
