'use strict';

const { isAborted, onAbort } = require('../runtime/abort.js');
const { aborted, toError } = require('../types/error.js');
const { checkFunction, checkNames, checkSignal } = require('../options/check.js');
const { ok, err } = require('../types/result.js');
const { RealPromise } = require('../runtime/runtime.js');
const { failing } = require('../types/settled.js');

const OPTIONS = ['onProgress', 'signal'];

/**
 * Runs a native call that takes long. `start` takes the function that native code tells of progress and of the end, and
 * gives what can abort the call; `resultOf` makes its result of what native code gives. What `onProgress` throws aborts
 * the call and rejects the promise: it is the caller's own, and no result of the store.
 */
function inBackground(owner, options, resultOf, start) {
  let checked;
  try {
    checked = readOptions(options, owner);
  } catch (error) {
    return failing(error);
  }
  const { onProgress, signal } = checked;
  if (isAborted(signal)) {
    return failing(aborted(signal));
  }
  return new RealPromise((resolve, reject) => {
    let call;
    let listenNoMore = () => undefined;
    const settle = (error, given) => {
      listenNoMore();
      if (error === undefined) {
        resolve(ok(resultOf(given)));
      } else {
        resolve(err(isAborted(signal) ? aborted(signal) : toError(error)));
      }
    };
    const tell = (error, given, written, expected) => {
      if (written === undefined) {
        settle(error, given);
        return;
      }
      try {
        onProgress?.({ written, expected });
      } catch (thrown) {
        call.abort();
        reject(thrown);
      }
    };
    try {
      listenNoMore = onAbort(signal, { abort: () => call?.abort() });
      call = start(tell);
    } catch (raw) {
      settle(raw);
    }
  });
}

function readOptions(options, owner) {
  if (options !== undefined) {
    checkNames(options, OPTIONS, owner);
  }
  const { onProgress, signal } = options ?? {};
  if (onProgress !== undefined) {
    checkFunction(onProgress, 'onProgress');
  }
  checkSignal(signal);
  return { onProgress, signal };
}

module.exports = { inBackground };
