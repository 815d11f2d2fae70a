'use strict';

const { native } = require('../native/addon.js');
const { builtin } = require('../native/builtin.js');
const { RealPromise } = require('./runtime.js');

const { setTimeout, clearTimeout } = builtin('timers');

/** Milliseconds since 1970, by the clock of the writes. */
function now() {
  return native().now();
}

/** A wait of some milliseconds that can be cut short: `{ over, end() }`. */
function waitFor(milliseconds) {
  let end;
  const over = new RealPromise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    end = () => {
      clearTimeout(timer);
      resolve(undefined);
    };
  });
  return { over, end };
}

module.exports = { now, waitFor };
