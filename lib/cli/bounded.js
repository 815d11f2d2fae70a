'use strict';

const { createReadStream } = require('node:fs');
const { FAILED, Failure } = require('./failure.js');
const { standardInput } = require('./stdin.js');

/** All bytes of a file, or of standard input if none is named. Never reads more than `limit`. */
async function readBounded(file, limit) {
  const source = file === undefined ? standardInput() : chunksOf(file);
  const chunks = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > limit) {
      throw new Failure(`the value is given as more than ${limit} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function* chunksOf(file) {
  try {
    yield* createReadStream(file);
  } catch (error) {
    throw new Failure(error.message, FAILED, 'io_error');
  }
}

module.exports = { readBounded };
