'use strict';

/** Keys per native call: enough to spread its cost, few enough for the lengths to fit in the cache. */
const CHUNK = 1000;

/** Characters of all keys in a native call, unless one key alone has more: strings have a limit. */
const CHUNK_CHARACTERS = 1 << 20;

const MISSING = -1;

/** Lengths of the values of one call; negative for a missing key, or a value that comes separately. */
const lens = new Int32Array(CHUNK);

/** Cuts a packed answer into values. A piece shares the memory of the whole. */
function unpack(answer, count, values) {
  const packed = textOf(answer);
  let at = 0;
  let apart = 1;
  for (let i = 0; i < count; i += 1) {
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

/** The string of a packed answer: the answer itself, or the first item of an array with those that did not fit into it. */
function textOf(answer) {
  return typeof answer === 'string' ? answer : answer[0];
}

/**
 * The values of many keys, all of them strings. The keys go to native code as one string and the values come back as one,
 * because a call per string would cost more than the look-up. Native code returns undefined if a key has a NUL, which
 * separates the keys.
 */
function getMany(handle, keys) {
  const values = [];
  let from = 0;
  while (from < keys.length) {
    const to = endOfChunk(keys, from);
    const some = from === 0 && to === keys.length ? keys : keys.slice(from, to);
    const answer = handle.getMany(some.join('\0'), some.length, lens.buffer);
    if (answer === undefined) {
      // A copy, since native code does not accept a proxy of an array.
      values.push(...handle.getEach([...some]));
    } else {
      unpack(answer, some.length, values);
    }
    from = to;
  }
  return values;
}

/** The end of the chunk that begins at `from`; it has at least one key. */
function endOfChunk(keys, from) {
  const last = Math.min(from + CHUNK, keys.length);
  let characters = keys[from].length;
  let to = from + 1;
  while (to < last) {
    characters += keys[to].length;
    if (characters > CHUNK_CHARACTERS) {
      break;
    }
    to += 1;
  }
  return to;
}

module.exports = { getMany, textOf };
