'use strict';

// What the package uses of the runtime, as it was when the package was loaded. Test tools replace globals with fakes, and a
// write must not wait for a clock that stands still. The runtime's modules have the real functions even if code is loaded
// into a separate context with faked globals (Jest). Waiting and reading the time are done in native code.

const { builtin } = require('../native/builtin.js');

const { Buffer, isUtf8 } = builtin('buffer');
const process = builtin('process');
const uptime = process.uptime.bind(process);

/** The built-in promise, which `await` uses too, whatever the global with that name is. */
const RealPromise = /** @type {PromiseConstructor} */ ((async () => undefined)().constructor);

/** Seconds since the process began. */
function secondsUp() {
  return uptime();
}

/** Calls `call` soon, using nothing but the language. */
async function soon(call) {
  await undefined;
  call();
}

/** Marks of the fakes of sinon (also in Jest and Vitest), Jest's mocks, and node:test. */
const FAKE = ['clock', '_isMockFunction', 'mock'];

/** A function of the runtime once it has proven that it calls back; until then, or if it is a fake, another one. */
function provenOr(other, real, owner) {
  const later = real.bind(owner);
  let works = false;
  if (!FAKE.some((mark) => mark in real)) {
    later(() => {
      works = true;
    });
  }
  return (call) => (works ? later(call) : other(call));
}

/** Calls `call` at the end of the turn, when everything that was waiting to run has run. */
const atEndOfTurn = provenOr(soon, process.nextTick, process);

module.exports = { Buffer, RealPromise, atEndOfTurn, isUtf8, provenOr, secondsUp, soon };
