'use strict';

const { rangeOf, withJson, withRange } = require('./flags.js');
const { printable, writeLines } = require('./output.js');
const { readLog } = require('./store.js');

async function run(log, options) {
  const snapshot = await readLog(log);
  await writeLines(lines(snapshot.keys(rangeOf(options)), options.json));
}

function* lines(keys, json) {
  for (const key of keys) {
    yield json ? jsonOf(key) : printable(key);
  }
}

/** As an argument may hold it, so that --json-key takes every key that is listed. */
function jsonOf(key) {
  return JSON.stringify(key).replaceAll('\ufffd', '\\ufffd');
}

module.exports = (program) => {
  const command = program
    .command('keys <log>')
    .summary('list keys')
    .description('Lists keys in their order, one a line, with control characters as \\uXXXX.');
  withJson(withRange(command)).action(run);
};
