'use strict';

const { statSync } = require('node:fs');
const { withJson } = require('./flags.js');
const { moment, writeRecord } = require('./output.js');
const { stateOf } = require('./store.js');

/** What can be counted about the entries of a log. Fields without an answer are left out. */
function figures(snapshot) {
  const counts = { entries: 0, expiringEntries: 0, keyBytes: 0, valueBytes: 0, largestValue: 0 };
  const ends = { highestVersion: 0, oldest: undefined, newest: undefined };
  for (const [key, { value, version, timestamp, expiresAt }] of snapshot.entries()) {
    const size = value.toBytes().length;
    counts.entries += 1;
    counts.expiringEntries += expiresAt === undefined ? 0 : 1;
    counts.keyBytes += Buffer.byteLength(key);
    counts.valueBytes += size;
    counts.largestValue = Math.max(counts.largestValue, size);
    ends.highestVersion = Math.max(ends.highestVersion, version);
    ends.oldest = Math.min(ends.oldest ?? timestamp, timestamp);
    ends.newest = Math.max(ends.newest ?? timestamp, timestamp);
  }
  return { ...counts, ...ends };
}

async function run(log, options) {
  const snapshot = await stateOf(log);
  const { oldest, newest, ...rest } = figures(snapshot);
  const date = (timestamp) =>
    options.json || timestamp === undefined ? timestamp : moment(timestamp);
  const record = { log, logBytes: statSync(log).size, ...rest };
  await writeRecord({ ...record, oldest: date(oldest), newest: date(newest) }, options);
}

module.exports = (program) => {
  const command = program
    .command('stats <log>')
    .summary('count entries and bytes')
    .description(
      'Counts entries and bytes. Sizes are in bytes; oldest and newest are when entries were written, in milliseconds since 1970 with --json.',
    );
  withJson(command).action(run);
};
