'use strict';

const { isAborted, onAbort } = require('../runtime/abort.js');
const { aborted, toError } = require('../types/error.js');
const { checkFunction, checkNames, checkSignal } = require('../options/check.js');
const { ok, err } = require('../types/result.js');
const { RealPromise } = require('../runtime/runtime.js');
const { failing } = require('../types/settled.js');

const OPTIONS = ['onProgress', 'signal'];

/**
 * Runs a long native call. `start` takes the function to which native code reports progress and the end, and returns what
 * can abort the call; `resultOf` turns what native code returns into the result. If `onProgress` throws, the call is
 * aborted and the promise rejects with that: it is the caller's own error, not a result of the store.
 */
function inBackground(owner, options, resultOf, start, names = OPTIONS) {
  let checked;
  try {
    checked = readOptions(options, owner, names);
  } catch (error) {
    return failing(error);
  }
  const { signal } = checked;
  if (isAborted(signal)) {
    return failing(aborted(signal));
  }
  return new RealPromise((resolve, reject) => {
    const settle = (error, given) => {
      if (error === undefined) {
        resolve(ok(resultOf(given)));
      } else {
        resolve(err(isAborted(signal) ? aborted(signal) : toError(error)));
      }
    };
    begin(start, checked, settle, reject);
  });
}

/** Starts the call. Its end goes to `settle`, unless `onProgress` has thrown: then that goes to `reject` at once. */
function begin(start, { onProgress, signal }, settle, reject) {
  let call;
  let rejected = false;
  let listenNoMore = () => undefined;
  const end = (error, given) => {
    listenNoMore();
    if (!rejected) {
      settle(error, given);
    }
  };
  const tell = (error, given, written, expected) => {
    if (written === undefined) {
      end(error, given);
      return;
    }
    try {
      onProgress?.({ written, expected });
    } catch (thrown) {
      call.abort();
      rejected = true;
      reject(thrown);
    }
  };
  try {
    listenNoMore = onAbort(signal, { abort: () => call?.abort() });
    call = start(tell);
  } catch (raw) {
    end(raw);
  }
}

function readOptions(options, owner, names) {
  if (options !== undefined) {
    checkNames(options, names, owner);
  }
  const { onProgress, signal } = options ?? {};
  if (onProgress !== undefined) {
    checkFunction(onProgress, 'onProgress');
  }
  checkSignal(signal);
  return { onProgress, signal };
}

module.exports = { inBackground };
