'use strict';

const { keyOf } = require('./arguments.js');
const { readBounded } = require('./bounded.js');
const { decode } = require('./content.js');
const { Failure, refusal } = require('./failure.js');
const { withCreate, withIfVersion, withJson, withJsonKey, withTtl } = require('./flags.js');
const { writeReport } = require('./output.js');
const { withStore } = require('./store.js');

/** Bytes of the largest value, and of its longest text form. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_TEXT = 4 * MOST_BYTES;

async function run(log, keyArgument, valueArgument, options) {
  const key = keyOf(keyArgument, options);
  const value = await readValue(valueArgument, options);
  const { ifVersion, create, ttl } = options;
  const written = await withStore(log, create, (store) =>
    store.putSync(key, value, { ifVersion, ttlMs: ttl }),
  );
  if (written.isErr()) {
    throw refusal(written.error());
  }
  const { version, created } = written.value();
  await writeReport({ key, version, created }, options);
}

/** The value from wherever the arguments say, as bytes or text. */
async function readValue(argument, { file, base64, hex }) {
  if (argument !== undefined && file !== undefined) {
    throw new Failure('the value is given twice: as an argument and with --file');
  }
  if (base64 && hex) {
    throw new Failure('the value is either --base64 or --hex');
  }
  const isText = base64 || hex;
  const value = argument ?? (await readBounded(file, isText ? MOST_TEXT : MOST_BYTES));
  if (!isText) {
    return value;
  }
  return decode(value.toString().trim(), base64 ? 'base64' : 'hex');
}

module.exports = (program) => {
  const command = program
    .command('put <log> <key> [value]')
    .summary('write an entry')
    .description(
      'Writes an entry. Without a value it reads one from standard input, which must be open: a closed one is not an empty value.',
    )
    .option('--file <path>', 'the value is the content of this file')
    .option('--base64', 'the value is given as base64')
    .option('--hex', 'the value is given as hexadecimal digits');
  withJson(withJsonKey(withTtl(withIfVersion(withCreate(command))))).action(run);
};
