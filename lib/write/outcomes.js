'use strict';

// What became of an operation of a committed group: one byte each, as native code reports it.

const CREATED = 0;
const UPDATED = 1;
const DELETED = 2;
// 3 is a removal that found nothing.
const REFUSED = 4;

module.exports = { CREATED, UPDATED, DELETED, REFUSED };
