'use strict';

const native = require('../native/addon.js');
const { builtin } = require('../native/builtin.js');
const { provenOr } = require('./runtime.js');

/** Costs a thread, but calls back whatever has become of the timers, and lets everybody else have a turn before. */
function afterPause(call) {
  native.pause(0, () => call());
}

/** Calls `call` in the next turn of the event loop, when timers and I/O were asked. */
const inNextTurn = provenOr(afterPause, builtin('timers').setImmediate);

module.exports = { inNextTurn };
