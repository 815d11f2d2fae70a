'use strict';

const { rangeOf, withJson, withRange } = require('./arguments.js');
const { printable, writeLines } = require('./output.js');
const { readLog } = require('./store.js');

async function run(log, options) {
  const snapshot = await readLog(log);
  await writeLines(lines(snapshot.keys(rangeOf(options)), options.json));
}

function* lines(keys, json) {
  for (const key of keys) {
    yield json ? JSON.stringify(key) : printable(key);
  }
}

module.exports = (program) => {
  const command = program
    .command('keys <log>')
    .summary('list keys')
    .description('Lists keys in their order, one a line, with control characters as \\uXXXX.');
  withJson(withRange(command)).action(run);
};
