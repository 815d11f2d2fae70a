'use strict';

const { builtin } = require('../native/builtin.js');

const process = builtin('process');

/** How many failures are watched at once; a program that has more unread ones is told about one of these. */
const MOST = 1000;

/** A key of 1 MiB must not be kept for a warning. */
const LONGEST = 1000;

/** What the warning would say about each failure that nobody has read. */
const unread = new WeakMap();
let watched = 0;
let warned = false;

const collected = new FinalizationRegistry((failure) => {
  watched -= 1;
  if (!warned) {
    warned = true;
    warn(failure);
  }
});

function warn({ code, message, context }) {
  const where = context === undefined || message.includes(context) ? '' : ` (${context})`;
  process.emitWarning(
    `a call failed and nothing has read its result: ${code}: ${message}${where}`,
    {
      type: 'SoftadastraWarning',
      code: 'SOFTADASTRA_UNREAD_FAILURE',
      detail:
        'Read result.ok, take result.value(), which throws the error, or make the call through engine.orThrow. This is said once.',
    },
  );
}

/** Whether a failure is watched now: returns `true` if it is, and `false` once there is nothing left to say. */
function watch(result, { code, message, context }) {
  if (warned || watched === MOST) {
    return false;
  }
  const shown = typeof context === 'string' && context.length <= LONGEST ? context : undefined;
  const failure = { code, message, context: shown };
  watched += 1;
  unread.set(result, failure);
  collected.register(result, failure, failure);
  return true;
}

function isUnread(result) {
  return unread.has(result);
}

/** Someone has read the failure. */
function markRead(result) {
  const failure = unread.get(result);
  if (failure !== undefined) {
    unread.delete(result);
    collected.unregister(failure);
    watched -= 1;
  }
}

module.exports = { isUnread, markRead, watch };
