'use strict';

const { createReadStream, fstatSync, statSync, writeSync } = require('node:fs');
const { devNull } = require('node:os');
const { FAILED, Failure } = require('./failure.js');

const STDIN = 0;

/** The bytes of standard input. Throws if it is closed, which Node.js's stream treats as empty. */
function standardInput() {
  return chunksOf(open());
}

async function* chunksOf(stream) {
  try {
    yield* stream;
  } catch (error) {
    throw unreadable(error.message);
  }
}

function open() {
  const stat = statOf(STDIN);
  if (stat === undefined || isStandIn(stat)) {
    throw unreadable('it is closed');
  }
  if (stat.isDirectory()) {
    throw unreadable('it is a directory');
  }
  return stat.isBlockDevice()
    ? createReadStream('', { fd: STDIN, autoClose: false })
    : process.stdin;
}

function unreadable(why) {
  return new Failure(`standard input cannot be read: ${why}`, FAILED, 'io_error');
}

function statOf(descriptor) {
  try {
    return fstatSync(descriptor);
  } catch {
    return undefined;
  }
}

/** In place of a closed input runtimes open the null device for reading and writing; `< /dev/null` is only for reading. */
function isStandIn(stat) {
  if (!stat.isCharacterDevice() || stat.rdev !== statSync(devNull).rdev) {
    return false;
  }
  try {
    writeSync(STDIN, '\0');
    return true;
  } catch {
    return false;
  }
}

module.exports = { standardInput };
