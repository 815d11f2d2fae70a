'use strict';

const { native } = require('../native/addon.js');
const { builtin } = require('../native/builtin.js');
const { RealPromise, provenOr, secondsUp } = require('./runtime.js');

/** How long a thread may run before timers and I/O get a turn. */
const TURN_SECONDS = 0.002;

/** Costs a thread, but calls back whatever was done to the timers, after everything else has had its turn. */
function afterPause(call) {
  native().pause(0, () => call());
}

/** Calls `call` in the next turn of the event loop, after timers and I/O. */
const inNextTurn = provenOr(afterPause, builtin('timers').setImmediate);

/** When the package was first called in this turn of the event loop; undefined before that. */
let turnBegan;
const endTurn = () => {
  turnBegan = undefined;
};

/** A loop of awaited calls that need no disk would never end its turn, unless timers and I/O are let in between. */
function hasHadItsTurn() {
  const now = secondsUp();
  if (turnBegan === undefined) {
    turnBegan = now;
    inNextTurn(endTurn);
  }
  return now - turnBegan > TURN_SECONDS;
}

/** What a call that answers at once has to await, so that a loop of such calls does not starve everything else. */
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
