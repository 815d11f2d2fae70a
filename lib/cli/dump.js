'use strict';

const { fieldOf } = require('./content.js');
const { rangeOf, withRange } = require('./flags.js');
const { writeLines } = require('./output.js');
const { progressOf } = require('./progress.js');
const { stateOf } = require('./store.js');

async function run(log, options) {
  const snapshot = await stateOf(log);
  const range = rangeOf(options);
  const all = Object.values(range).every((bound) => bound === undefined || bound === false);
  const progress = progressOf('dump', all ? snapshot.size() : undefined);
  try {
    await writeLines(lines(snapshot.entries(range), progress));
  } finally {
    progress.stop();
  }
}

function* lines(entries, progress) {
  let done = 0;
  for (const [key, { value, version, timestamp, expiresAt }] of entries) {
    yield JSON.stringify({ key, ...fieldOf(value), version, timestamp, expiresAt });
    done += 1;
    progress.at(done);
  }
}

module.exports = (program) => {
  const command = program
    .command('dump <log>')
    .summary('write entries as lines of JSON')
    .description(
      'Writes entries in the order of their keys as lines of JSON, which `load` reads: key, value (or base64 for bytes that are not text), version, timestamp, and expiresAt of those that expire. What has expired is left out.',
    );
  withRange(command).option('--json', 'changes nothing: a dump is always JSON').action(run);
};
