'use strict';

const { Failure } = require('./failure.js');

const END_OF_LINE = 0x0a;

/**
 * The lines of a stream as bytes. `readline` would also break lines at characters that JSON leaves inside strings.
 * Throws for a line of more than `limit` bytes before holding it.
 */
async function* linesOf(stream, limit) {
  let begun = [];
  let size = 0;
  for await (const chunk of stream) {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(END_OF_LINE, from);
      if (end === -1) break;
      begun.push(chunk.subarray(from, end));
      yield begun.length === 1 ? begun[0] : Buffer.concat(begun);
      begun = [];
      size = 0;
      from = end + 1;
    }
    if (from < chunk.length) {
      begun.push(chunk.subarray(from));
      size += chunk.length - from;
    }
    if (size > limit) {
      throw new Failure(`the line has more than ${limit} bytes`);
    }
  }
  if (begun.length > 0) {
    yield Buffer.concat(begun);
  }
}

module.exports = { linesOf };
