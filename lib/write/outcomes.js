'use strict';

// What became of an operation of a committed group: one byte each, as native code reports it.

const CREATED = 0;
const UPDATED = 1;
const DELETED = 2;
const NOTHING_TO_DELETE = 3;
const REFUSED = 4;

module.exports = { CREATED, UPDATED, DELETED, NOTHING_TO_DELETE, REFUSED };
