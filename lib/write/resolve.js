'use strict';

/** The resolve function of the newest promise, so that a write needs no closure of its own. */
let resolveOfLast;
function captureResolve(resolve) {
  resolveOfLast = resolve;
}
/** Without keeping it, for it keeps the promise and the result. */
function takeResolve() {
  const resolve = resolveOfLast;
  resolveOfLast = undefined;
  return resolve;
}

module.exports = { captureResolve, takeResolve };
