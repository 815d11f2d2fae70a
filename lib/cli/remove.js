'use strict';

const { keyOf } = require('./arguments.js');
const { keyNotFound, refusal } = require('./failure.js');
const { withIfVersion, withJson, withJsonKey } = require('./flags.js');
const { writeReport } = require('./output.js');
const { withStore } = require('./store.js');

async function run(log, argument, options) {
  const key = keyOf(argument, options);
  const { ifVersion } = options;
  const removed = await withStore(log, false, (store) => {
    // The store would log a removal that removes nothing.
    const missing = key !== '' && !store.contains(key) && ifVersion === undefined;
    return missing ? undefined : store.removeSync(key, { ifVersion });
  });
  if (removed === undefined) {
    throw keyNotFound(key);
  }
  if (removed.isErr()) {
    throw refusal(removed.error());
  }
  const { version, deleted } = removed.value();
  await writeReport({ key, version, deleted }, options);
}

module.exports = (program) => {
  const command = program
    .command('remove <log> <key>')
    .summary('remove an entry')
    .description('Removes an entry. If there is none, nothing is written.');
  withJson(withJsonKey(withIfVersion(command))).action(run);
};
