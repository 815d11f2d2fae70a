'use strict';

/** Keys per native call: enough to spread its cost, few enough for the lengths to stay in the cache. */
const CHUNK = 1000;

const MISSING = -1;

/** Lengths of the values of one call, negative for a missing key and for a value apart. Views of it tell native code how many keys there are. */
const lengths = new Int32Array(CHUNK);
const views = new Map();

function viewOf(count) {
  let view = views.get(count);
  if (view === undefined) {
    view = lengths.subarray(0, count);
    views.set(count, view);
  }
  return view;
}

/** Cuts a packed answer into values. A piece shares the memory of the whole. */
function unpack(answer, lens, values) {
  const packed = textOf(answer);
  let at = 0;
  let apart = 1;
  for (let i = 0; i < lens.length; i += 1) {
    const length = lens[i];
    if (length >= 0) {
      values.push(packed.substring(at, at + length));
      at += length;
    } else if (length === MISSING) {
      values.push(undefined);
    } else {
      values.push(answer[apart]);
      apart += 1;
    }
  }
}

/** The string of a packed answer: the answer itself, or the first of an array whose others did not fit into it. */
function textOf(answer) {
  return typeof answer === 'string' ? answer : answer[0];
}

/**
 * The values of many keys, all of them strings. The keys cross to native code as one string and the values come back as
 * one, because a call for each string would cost more than the look-up. Native code says undefined when a key has a
 * NUL, which is what stands between the keys.
 */
function getMany(handle, keys) {
  const values = [];
  for (let from = 0; from < keys.length; from += CHUNK) {
    const some = keys.length <= CHUNK ? keys : keys.slice(from, from + CHUNK);
    const lens = viewOf(some.length);
    const answer = handle.getMany(some.join('\0'), lens);
    if (answer === undefined) {
      values.push(...handle.getEach(some));
    } else {
      unpack(answer, lens, values);
    }
  }
  return values;
}

module.exports = { getMany, textOf };
