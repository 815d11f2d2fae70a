'use strict';

const { native } = require('../native/addon.js');
const { invalidArgument } = require('../types/error.js');

/** The options of a put that say when its entry expires. */
const EXPIRY = ['ttlMs', 'expiresAt'];

/** When an entry expires, in milliseconds since 1970; 0 for never. */
function checkExpiry(ttlMs, expiresAt) {
  if (ttlMs === undefined) {
    return expiresAt === undefined ? 0 : checkMs(expiresAt, 'expiresAt');
  }
  if (expiresAt !== undefined) {
    throw invalidArgument('an entry has either ttlMs or expiresAt, not both', 'ttlMs');
  }
  return Math.min(native().now() + checkMs(ttlMs, 'ttlMs'), Number.MAX_SAFE_INTEGER);
}

function checkMs(value, name) {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw invalidArgument(
      `${name} must be a whole number of milliseconds, 1 or more and less than 2 to the power of 53`,
      name,
    );
  }
  return value;
}

/** Reads `{ ttlMs, expiresAt }` of options whose names were checked. */
function readExpiry(options) {
  return options === undefined ? 0 : checkExpiry(options.ttlMs, options.expiresAt);
}

module.exports = { EXPIRY, checkExpiry, readExpiry };
