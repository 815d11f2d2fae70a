'use strict';

const { invalidArgument } = require('../types/error.js');

/** Edit distance in which swapping two neighbours counts as one edit; enough for names of a few letters. */
function editDistance(a, b) {
  let beforeLast = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, substitution);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
      }
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length];
}

/** The known name that was probably meant, or undefined when none is near. */
function nearest(name, known) {
  const asked = name.toLowerCase();
  let best;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(asked, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** The error for a name that is not in `known`, with the right spelling where one is near. */
function unknownName(name, known, owner, noun = 'option') {
  const meant = nearest(name, known);
  const hint =
    meant === undefined ? `known names: ${known.join(', ')}` : `did you mean "${meant}"?`;
  return invalidArgument(`unknown ${noun} "${name}" for ${owner}: ${hint}`, name);
}

/**
 * Throws unless `options` is an object all of whose own enumerable names are in `known`. What it inherits is not the
 * caller's spelling: methods of its class, or what somebody has added to all objects.
 */
function checkNames(options, known, owner, noun) {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidArgument(`the options for ${owner} must be an object`);
  }
  // A list of its names would cost each operation of a batch an array.
  for (const name in options) {
    if (!known.includes(name) && Object.hasOwn(options, name)) {
      throw unknownName(name, known, owner, noun);
    }
  }
}

function checkBoolean(value, name) {
  if (typeof value !== 'boolean') {
    throw invalidArgument(`${name} must be true or false`, name);
  }
}

function checkFunction(value, name) {
  if (typeof value !== 'function') {
    throw invalidArgument(`${name} must be a function`, name);
  }
}

/** A signal of another realm or package is none of `AbortSignal`, but works. */
function checkSignal(signal) {
  if (signal === undefined) {
    return;
  }
  const isSignal =
    typeof signal?.aborted === 'boolean' &&
    typeof signal.addEventListener === 'function' &&
    typeof signal.removeEventListener === 'function';
  if (!isSignal) {
    throw invalidArgument('signal must be an AbortSignal', 'signal');
  }
}

/** Gives the number back, if it is a count, a sequence or a size. */
function checkWhole(value, name) {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw invalidArgument(`${name} must be a whole number, 0 or more`, name);
  }
  return value;
}

const IF_VERSION = ['ifVersion'];

/** The version that a write depends on: -1 when it depends on none. */
function checkIfVersion(ifVersion) {
  if (ifVersion === undefined) {
    return -1;
  }
  if (!Number.isSafeInteger(ifVersion) || ifVersion < 0) {
    throw invalidArgument('ifVersion must be a whole number, 0 or more', 'ifVersion');
  }
  return ifVersion;
}

/** Reads `{ ifVersion }` of `put` and `remove`. */
function readIfVersion(options, owner) {
  if (options === undefined) {
    return -1;
  }
  checkNames(options, IF_VERSION, owner);
  return checkIfVersion(options.ifVersion);
}

module.exports = {
  checkNames,
  checkBoolean,
  checkFunction,
  checkIfVersion,
  checkSignal,
  checkWhole,
  readIfVersion,
};
