'use strict';

const { readFile } = require('node:fs/promises');
const { buffer } = require('node:stream/consumers');
const { decode } = require('./content.js');
const { Failure, refusal } = require('./failure.js');
const { withCreate, withIfVersion, withJson } = require('./arguments.js');
const { writeRecord } = require('./output.js');
const { withStore } = require('./store.js');

async function run(log, key, argument, options) {
  const value = await readValue(argument, options);
  const { ifVersion, create } = options;
  const written = await withStore(log, create, (store) => store.put(key, value, { ifVersion }));
  if (written.isErr()) {
    throw refusal(written.error());
  }
  const { version, created } = written.value();
  await writeRecord({ key, version, created }, options);
}

/** The value from where it was said to be, as bytes or text. */
async function readValue(argument, { file, base64, hex }) {
  if (argument !== undefined && file !== undefined) {
    throw new Failure('the value is given twice: as an argument and with --file');
  }
  if (base64 && hex) {
    throw new Failure('the value is either --base64 or --hex');
  }
  const value = argument ?? (await readBytes(file));
  if (!base64 && !hex) {
    return value;
  }
  return decode(value.toString().trim(), base64 ? 'base64' : 'hex');
}

async function readBytes(file) {
  if (file === undefined) {
    return buffer(process.stdin);
  }
  try {
    return await readFile(file);
  } catch (error) {
    throw new Failure(error.message);
  }
}

module.exports = (program) => {
  const command = program
    .command('put <log> <key> [value]')
    .summary('write an entry')
    .description('Writes an entry. Without a value it reads one from standard input.')
    .option('--file <path>', 'the value is the content of this file')
    .option('--base64', 'the value is given as base64')
    .option('--hex', 'the value is given as hexadecimal digits');
  withJson(withIfVersion(withCreate(command))).action(run);
};
