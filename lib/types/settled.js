'use strict';

const { toError } = require('./error.js');
const { err } = require('./result.js');
const { RealPromise } = require('../runtime/runtime.js');

/** The answer of a call that has nothing to wait for. */
function settled(result) {
  return RealPromise.resolve(result);
}

/** The answer of a call that failed before it began. */
function failing(error) {
  return settled(err(toError(error)));
}

module.exports = { failing, settled };
