'use strict';

const { SnapshotBuilderStore } = require('../../index.js');
const { NO } = require('./failure.js');
const { withJson } = require('./flags.js');
const { writeRecord } = require('./output.js');

async function run(log, options) {
  const built = await SnapshotBuilderStore.build(log);
  if (built.isOk()) {
    await writeRecord({ log, whole: true, entries: built.value().size() }, options);
    return;
  }
  const error = built.error();
  if (error.code !== 'store_error') {
    throw error;
  }
  process.exitCode = NO;
  await writeRecord({ log, whole: false, problem: error.message }, options);
}

module.exports = (program) => {
  const command = program
    .command('verify <log>')
    .summary('check a log')
    .description(
      'Checks every frame of a log and changes nothing. An interrupted last write, which opening repairs, does not count as damage.',
    );
  withJson(command).action(run);
};
