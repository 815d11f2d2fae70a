'use strict';

const { StoreEngine } = require('../../index.js');
const { fieldOf } = require('./content.js');
const { wholeNumber } = require('./flags.js');
const { writeLines } = require('./output.js');
const { isGone } = require('./stdout.js');

/** Writes the operations of a log as they come, for as long as somebody reads them. */
async function run(log, options) {
  const { since, follow, wait = false } = options;
  const follower = (await StoreEngine.follow(log, { wait })).value();
  // Waiting for more keeps no process alive.
  const alive = setInterval(() => undefined, 60_000);
  try {
    let from = since ?? (follow ? follower.lastSequence() : follower.stats().floor);
    let known = 0;
    while (from !== undefined && !isGone()) {
      await print(follower, from, follow, known);
      const { restarts } = follower.stats();
      from = restarts > known ? follower.lastSequence() : undefined;
      known = restarts;
    }
  } finally {
    clearInterval(alive);
    (await follower.close()).value();
  }
}

/** Writes what comes after a sequence, until the store starts anew from another log more often than is known. */
async function print(follower, since, follow, known) {
  try {
    for await (const operation of follower.operations({ since, follow })) {
      await writeLines([lineOf(operation)]);
      if (isGone()) {
        return;
      }
    }
  } catch (error) {
    const { restarts, lastRestart } = follower.stats();
    if (!follow || restarts === known) {
      throw error;
    }
    await writeLines([JSON.stringify({ restart: lastRestart })]);
  }
}

function lineOf({ sequence, operation }) {
  const { type, key, timestamp } = operation;
  const content = type === 'put' ? fieldOf(operation.value) : {};
  return JSON.stringify({ sequence, type, key, ...content, timestamp });
}

module.exports = (program) => {
  program
    .command('tail <log>')
    .summary('write operations as they are committed')
    .description(
      'Follows a log that another process may be writing, and writes each operation as a line of JSON once it is committed: sequence, type, key, value (or base64 for bytes that are not text), timestamp. It ends when nobody reads any more, or when it is interrupted.',
    )
    .option('--since <sequence>', 'begin after this one; 0: with all that the log has', wholeNumber)
    .option('--no-follow', 'end with the last operation that is there')
    .option('--wait', 'wait for a log that does not exist yet')
    .option('--json', 'changes nothing: the lines are always JSON')
    .action(run);
};
