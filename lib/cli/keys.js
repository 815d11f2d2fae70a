'use strict';

const { rangeOf, withJson, withRange } = require('./flags.js');
const { printable, writeLines } = require('./output.js');
const { stateOf } = require('./store.js');

async function run(log, options) {
  const snapshot = await stateOf(log);
  await writeLines(lines(snapshot.keys(rangeOf(options)), options.json));
}

function* lines(keys, json) {
  for (const key of keys) {
    yield json ? jsonOf(key) : printable(key);
  }
}

/** In a form that an argument can hold, so that --json-key takes every key that is listed. */
function jsonOf(key) {
  return JSON.stringify(key).replaceAll('\ufffd', '\\ufffd');
}

module.exports = (program) => {
  const command = program
    .command('keys <log>')
    .summary('list keys')
    .description('Lists keys in order, one per line, with control characters as \\uXXXX.');
  withJson(withRange(command)).action(run);
};
