'use strict';

const { SoftadastraError } = require('../../index.js');

/** The command did what it was asked, and the answer is no: a missing key, a damaged log, a refused condition. */
const NO = 1;

/** The command was used wrongly, or could not do what it was asked. */
const FAILED = 2;

/** The command did what it was asked, and could not write its report. */
const UNREPORTED = 3;

/** Ends a command with a message, an exit code, and one of the codes that errors of the store have. */
class Failure extends Error {
  constructor(message, exitCode = FAILED, code = 'invalid_argument', context = undefined) {
    super(message);
    this.exitCode = exitCode;
    this.code = code;
    this.context = context;
  }
}

function keyNotFound(key) {
  return new Failure(`key not found: ${key}`, NO, 'not_found');
}

/** The error of a write to an open store; the answer is no if the write's condition did not hold. */
function refusal(error) {
  const conditional = error.code === 'invalid_state' || error.code === 'already_exists';
  return conditional ? new Failure(error.message, NO, error.code) : error;
}

/** Any error, as a failure that ends a command. */
function failureOf(error) {
  if (error instanceof Failure) {
    return error;
  }
  if (error instanceof SoftadastraError) {
    return new Failure(error.message, FAILED, error.code, error.context);
  }
  return error.syscall === undefined
    ? new Failure(`internal error: ${error.message}`, FAILED, 'internal_error')
    : new Failure(error.message, FAILED, 'io_error');
}

module.exports = { Failure, FAILED, NO, UNREPORTED, failureOf, keyNotFound, refusal };
