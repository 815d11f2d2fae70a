'use strict';

const { withJson } = require('./flags.js');
const { runUpkeep } = require('./upkeep.js');

function run(log, options) {
  return runUpkeep('compact', log, options, (store, control) => store.compact(control));
}

module.exports = (program) => {
  const command = program
    .command('compact <log>')
    .summary('make a log as small as what it holds')
    .description(
      'Rewrites a log without what was overwritten or removed; no other process may have it open. Interrupted, it leaves the log as it was.',
    );
  withJson(command).action(run);
};
