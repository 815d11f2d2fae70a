'use strict';

const { SoftadastraError } = require('../types/error.js');
const { REPLACED } = require('./postgres-schema.js');

/** Classes of SQLSTATE that speak of what was sent: bad data, a constraint, a limit, an exception of a trigger. */
const ABOUT_THE_DATA = /^(22|23|54|P0)/;

/** What cannot get better by itself: no such schema, table, column or function, or another one of that name. */
const NO_SCHEMA = /^(3F000|42P01|42703|42883|42P02)$/;

/** Credentials, an unknown database, a missing permission: somebody may mend it, so it is tried again. */
function errorOf(raw) {
  if (raw instanceof SoftadastraError) {
    return raw;
  }
  const state = raw?.code;
  const isSqlState = typeof state === 'string' && /^[0-9A-Z]{5}$/.test(state);
  const message = typeof raw?.message === 'string' ? raw.message : String(raw);
  if (!isSqlState) {
    const said = `the server cannot be reached: ${message}`;
    return new SoftadastraError('transport_error', said, state, { cause: raw });
  }
  if (NO_SCHEMA.test(state)) {
    const said = `the schema of the bridge is not there: call migrate() once (${message})`;
    return final(said, state, raw);
  }
  // 08: a connection; 57: an operator, a crash, a shutdown; 53: too many connections, a full disk.
  const code = /^(08|57P)/.test(state) ? 'transport_error' : 'sync_error';
  return new SoftadastraError(code, `the server refused: ${message}`, state, { cause: raw });
}

/** Whether the server would refuse the same operations again and accept others. */
function isAboutTheData(error) {
  return error.code === 'sync_error' && ABOUT_THE_DATA.test(error.context);
}

function isReplaced(error) {
  return error.context === REPLACED;
}

/** Whether the bridge has to stop: what is wrong is in the program or its settings. */
function isFinal(error) {
  return (
    error.code === 'invalid_argument' || error.code === 'already_exists' || error.final === true
  );
}

/** An error after which the bridge stops. */
function final(message, context, cause) {
  const options = cause && { cause };
  const error = new SoftadastraError('invalid_state', message, context, options);
  Object.defineProperty(error, 'final', { value: true });
  return error;
}

module.exports = { errorOf, final, isAboutTheData, isFinal, isReplaced };
