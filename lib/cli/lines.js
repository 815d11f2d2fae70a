'use strict';

const END_OF_LINE = 0x0a;

/** The lines of a stream as bytes. `readline` would also end lines at characters that JSON leaves inside of strings. */
async function* linesOf(stream) {
  let begun = [];
  for await (const chunk of stream) {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(END_OF_LINE, from);
      if (end === -1) break;
      begun.push(chunk.subarray(from, end));
      yield begun.length === 1 ? begun[0] : Buffer.concat(begun);
      begun = [];
      from = end + 1;
    }
    if (from < chunk.length) {
      begun.push(chunk.subarray(from));
    }
  }
  if (begun.length > 0) {
    yield Buffer.concat(begun);
  }
}

module.exports = { linesOf };
