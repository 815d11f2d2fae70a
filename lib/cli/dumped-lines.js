'use strict';

const { constants } = require('node:buffer');
const { operationOf } = require('./dumped-entry.js');
const { Failure } = require('./failure.js');
const { linesOf } = require('./lines.js');

/** No string can hold a longer line, and no dump has one. */
const LONGEST_LINE = constants.MAX_STRING_LENGTH;

const UTF8_MARK = Buffer.from('efbbbf', 'hex');
const UTF16_MARKS = [Buffer.from('fffe', 'hex'), Buffer.from('feff', 'hex')];

/** What JSON has between its parts: space, tab, carriage return. */
const BLANKS = [0x20, 0x09, 0x0d];

/** Why a line cannot be loaded: its cause. */
class LineError extends Error {
  constructor(number, cause) {
    super(cause.message, { cause });
    this.number = number;
  }
}

/** The operations of a dump, with the numbers and sizes of their lines. Throws a LineError. */
async function* operationsOf(source) {
  let number = 1;
  try {
    for await (const line of linesOf(source, LONGEST_LINE)) {
      const content = number === 1 ? withoutMark(line) : line;
      if (!content.every((byte) => BLANKS.includes(byte))) {
        yield { number, size: line.length + 1, ...operationOf(content) };
      }
      number += 1;
    }
  } catch (error) {
    throw new LineError(number, error);
  }
}

/** The first line without the byte-order mark that some programs begin text with. */
function withoutMark(line) {
  if (UTF16_MARKS.some((mark) => beginsWith(line, mark))) {
    throw new Failure('the dump is UTF-16; it must be UTF-8');
  }
  return beginsWith(line, UTF8_MARK) ? line.subarray(UTF8_MARK.length) : line;
}

function beginsWith(line, mark) {
  return line.subarray(0, mark.length).equals(mark);
}

module.exports = { LineError, operationsOf };
