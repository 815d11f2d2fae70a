'use strict';

const { isUtf8 } = require('node:buffer');
const { statSync } = require('node:fs');
const { fieldOf } = require('./content.js');
const { rangeOf, withJson, withRange } = require('./flags.js');
const { moment, shortened, writeLines, writeTable } = require('./output.js');
const { write } = require('./stdout.js');
const { stateOf } = require('./store.js');

const SHOWN = 20;
const KEY_WIDTH = 40;
const VALUE_WIDTH = 48;

async function run(log, options) {
  const snapshot = await stateOf(log);
  const range = { ...rangeOf(options), limit: options.limit ?? SHOWN };
  const shown = Array.from(snapshot.entries(range), ([, entry]) => entry);
  const summary = { log, logBytes: statSync(log).size, entries: snapshot.size() };
  if (options.json) {
    await write(jsonPieces(summary, shown));
    return;
  }
  await writeLines([
    `${log}: ${summary.entries} entries in ${summary.logBytes} bytes, ${shown.length} of them here`,
  ]);
  await writeTable(['key', 'version', 'written', 'bytes', 'value'], shown.map(row));
}

/** One object on one line, in pieces: as one string it could exceed the longest string. */
function* jsonPieces(summary, shown) {
  yield `${JSON.stringify(summary).slice(0, -1)},"shown":[`;
  for (const [at, entry] of shown.entries()) {
    yield `${at === 0 ? '' : ','}${JSON.stringify(record(entry))}`;
  }
  yield ']}\n';
}

function record({ key, value, version, timestamp }) {
  return { key, version, timestamp, bytes: value.toBytes().length, ...fieldOf(value) };
}

function row({ key, value, version, timestamp }) {
  const bytes = value.toBytes();
  // Enough: a character takes at most four bytes.
  const begin = bytes.subarray(0, 4 * VALUE_WIDTH);
  const text = isUtf8(bytes) ? begin.toString() : `0x${begin.toString('hex')}`;
  return [
    shortened(key, KEY_WIDTH),
    version,
    moment(timestamp),
    bytes.length,
    shortened(text, VALUE_WIDTH),
  ];
}

module.exports = (program) => {
  const command = program
    .command('inspect <log>')
    .summary('show what a log holds')
    .description(
      `Shows the size of a log and some of its entries: the first ${SHOWN} unless a range or --limit says otherwise.`,
    );
  withJson(withRange(command)).action(run);
};
