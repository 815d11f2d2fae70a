'use strict';

const { fstatSync, writeSync } = require('node:fs');
const { isatty } = require('node:tty');
const { FAILED, Failure } = require('./failure.js');

const STDOUT = 1;

/** The reader has seen enough; nothing more needs to be produced. */
let gone = false;

/** Writes chunks as fast as the reader takes them. A reader that has seen enough (`| head`) is not a failure. */
async function write(chunks) {
  const writeChunk = takesBytes() ? writeBytes : writeToStream;
  for (const chunk of chunks) {
    if (gone) return;
    try {
      await writeChunk(chunk);
    } catch (error) {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') {
        throw new Failure(error.message, FAILED, 'io_error', 'standard output');
      }
      gone = true;
    }
  }
}

/**
 * True for files and devices. Node.js's stream takes a write that a full disk cut short for a complete one, and silently
 * drops what is written to a block device or a folder.
 */
function takesBytes() {
  try {
    const stat = fstatSync(STDOUT);
    return !(stat.isFIFO() || stat.isSocket() || isatty(STDOUT));
  } catch {
    return false;
  }
}

function writeBytes(chunk) {
  const bytes = Buffer.from(chunk);
  for (let at = 0; at < bytes.length; ) {
    at += writeSync(STDOUT, bytes, at);
  }
}

function writeToStream(chunk) {
  const { stdout } = process;
  if (stdout.listenerCount('error') === 0) {
    // The callback gets the error too.
    stdout.on('error', () => undefined);
  }
  return new Promise((resolve, reject) => {
    stdout.write(chunk, (error) => (error ? reject(error) : resolve(undefined)));
  });
}

/** Whether nobody reads any more. */
function isGone() {
  return gone;
}

module.exports = { isGone, write };
