'use strict';

/** Keys per native call: enough to spread its cost, few enough for the lengths to stay in the cache. */
const CHUNK = 1000;

/** Lengths of the values of one call, -1 for a missing key. Views of it tell native code how many keys there are. */
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
function unpack(packed, lens, values) {
  let at = 0;
  for (let i = 0; i < lens.length; i += 1) {
    const length = lens[i];
    if (length < 0) {
      values.push(undefined);
    } else {
      values.push(packed.substring(at, at + length));
      at += length;
    }
  }
}

/**
 * The values of many keys, all of them strings. The keys cross to native code as one string and the values come back as
 * one, because a call for each string would cost more than the look-up. Native code says undefined when that form
 * cannot hold them: a NUL in a key, a value that is long or not UTF-8.
 */
function getMany(handle, keys) {
  const values = [];
  for (let from = 0; from < keys.length; from += CHUNK) {
    const some = keys.length <= CHUNK ? keys : keys.slice(from, from + CHUNK);
    const lens = viewOf(some.length);
    const packed = handle.getMany(some.join('\0'), lens);
    if (packed === undefined) {
      values.push(...handle.getEach(some));
    } else {
      unpack(packed, lens, values);
    }
  }
  return values;
}

module.exports = { getMany };
