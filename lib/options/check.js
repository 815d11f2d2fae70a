'use strict';

const { invalidArgument } = require('../types/error.js');

/** Edit distance in which swapping two neighbours counts as one edit; fast enough for names of a few letters. */
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

/** The known name that was probably meant, or undefined if none is close. */
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

/** The error for a name that is not in `known`, with the right spelling if one is close. */
function unknownName(name, known, owner, noun = 'option') {
  const meant = nearest(name, known);
  const hint =
    meant === undefined ? `known names: ${known.join(', ')}` : `did you mean "${meant}"?`;
  return invalidArgument(`unknown ${noun} "${name}" for ${owner}: ${hint}`, name);
}

/**
 * Throws unless `options` is an object whose own enumerable names are all in `known`. Inherited names are not the caller's
 * spelling: they are methods of its class, or were added to all objects.
 */
function checkNames(options, known, owner, noun) {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidArgument(`the options for ${owner} must be an object`);
  }
  // A list of names would cost an array for each operation of a batch.
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

/** A signal of another realm or package is not an instance of `AbortSignal`, but works. */
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

/** Returns the number if it can be a count, a sequence or a size. */
function checkWhole(value, name) {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw invalidArgument(`${name} must be a whole number, 0 or more`, name);
  }
  return value;
}

const IF_VERSION = ['ifVersion'];

/** The version that a write depends on; -1 for none. */
function checkIfVersion(ifVersion) {
  if (ifVersion === undefined) {
    return -1;
  }
  if (!Number.isSafeInteger(ifVersion) || ifVersion < 0) {
    throw invalidArgument('ifVersion must be a whole number, 0 or more', 'ifVersion');
  }
  return ifVersion;
}

/** Reads `{ ifVersion }` of calls that may take other options too. */
function readIfVersion(options, owner, names = IF_VERSION) {
  if (options === undefined) {
    return -1;
  }
  checkNames(options, names, owner);
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
