'use strict';

const { isUtf8 } = require('node:buffer');
const { keyOf } = require('./arguments.js');
const { fieldOf } = require('./content.js');
const { Failure, keyNotFound } = require('./failure.js');
const { withJson, withJsonKey } = require('./flags.js');
const { writeLines } = require('./output.js');
const { write } = require('./stdout.js');
const { stateOf } = require('./store.js');

async function run(log, argument, options) {
  const key = keyOf(argument, options);
  const found = (await stateOf(log)).get(key);
  if (found.isErr()) {
    const error = found.error();
    throw error.code === 'not_found' ? keyNotFound(key) : error;
  }
  const { value, version, timestamp, expiresAt } = found.value();
  if (options.json) {
    await writeLines([JSON.stringify({ key, ...fieldOf(value), version, timestamp, expiresAt })]);
  } else if (options.hex || options.base64) {
    await writeLines([value.toBytes().toString(options.hex ? 'hex' : 'base64')]);
  } else {
    await writeRaw(value.toBytes());
  }
}

/** Exactly the bytes of the value, with an end of line only where a prompt follows. */
async function writeRaw(bytes) {
  if (!process.stdout.isTTY) {
    await write([bytes]);
  } else if (isUtf8(bytes)) {
    await write([bytes, '\n']);
  } else {
    throw new Failure('the value is not text: use --hex or --base64, or write it to a file');
  }
}

module.exports = (program) => {
  const command = program
    .command('get <log> <key>')
    .summary('write the value of a key')
    .description(
      'Writes the value of a key to standard output, byte for byte; to a terminal only if it is text.',
    )
    .option('--base64', 'write the bytes as base64')
    .option('--hex', 'write the bytes as hexadecimal digits');
  withJson(withJsonKey(command)).action(run);
};
