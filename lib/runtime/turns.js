'use strict';

const native = require('../native/addon.js');
const { builtin } = require('../native/builtin.js');
const { RealPromise, provenOr, secondsUp } = require('./runtime.js');

/** How long a thread goes on without a turn for timers and I/O. */
const TURN_SECONDS = 0.002;

/** Costs a thread, but calls back whatever has become of the timers, and lets everybody else have a turn before. */
function afterPause(call) {
  native.pause(0, () => call());
}

/** Calls `call` in the next turn of the event loop, when timers and I/O were asked. */
const inNextTurn = provenOr(afterPause, builtin('timers').setImmediate);

/** When the package was first asked for something in this turn of the event loop; undefined before that. */
let turnBegan;
const endTurn = () => {
  turnBegan = undefined;
};

/** Awaited calls that need no disk follow each other without an end, unless timers and I/O are let in between. */
function hasHadItsTurn() {
  const now = secondsUp();
  if (turnBegan === undefined) {
    turnBegan = now;
    inNextTurn(endTurn);
  }
  return now - turnBegan > TURN_SECONDS;
}

/** What a call that answers at once has to await, so that a loop of them keeps nobody out. */
function othersTurn() {
  return hasHadItsTurn() ? new RealPromise(inNextTurn) : undefined;
}

/** The answer of such a call. */
async function inTurn(answer) {
  const turn = othersTurn();
  if (turn !== undefined) await turn;
  return answer;
}

module.exports = { hasHadItsTurn, inNextTurn, inTurn, othersTurn };
