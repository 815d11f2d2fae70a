'use strict';

// What the package uses of the runtime, as it was when the package was loaded. Test tools put fakes in the place of
// globals, and a write must not wait for a clock that stands still. The modules of the runtime have the real functions
// also where code is loaded into a context of its own with faked globals (Jest). Waiting and the time are in native code.

const { builtin } = require('../native/builtin.js');

const { Buffer, isUtf8 } = builtin('buffer');
const process = builtin('process');
const uptime = process.uptime.bind(process);

/** The promise of the language, which `await` makes too, whatever the global of that name is. */
const RealPromise = /** @type {PromiseConstructor} */ ((async () => undefined)().constructor);

/** Seconds since the process began. */
function secondsUp() {
  return uptime();
}

/** Calls `call` soon, with nothing but the language. */
async function soon(call) {
  await undefined;
  call();
}

/** Marks of the fakes of sinon (also in Jest and Vitest), Jest's mocks, and node:test. */
const FAKE = ['clock', '_isMockFunction', 'mock'];

/** A function of the runtime that calls back, once it has shown that it does; until then, and instead of a fake, another. */
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

/** Calls `call` at the end of the turn, when all that was waiting to run has run. */
const atEndOfTurn = provenOr(soon, process.nextTick, process);

module.exports = { Buffer, RealPromise, atEndOfTurn, isUtf8, provenOr, secondsUp, soon };
