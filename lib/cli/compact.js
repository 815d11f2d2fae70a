'use strict';

const { withJson } = require('./flags.js');
const { runUpkeep } = require('./upkeep.js');

function run(log, options) {
  return runUpkeep('compact', log, options, (store, control) => store.compact(control));
}

module.exports = (program) => {
  const command = program
    .command('compact <log>')
    .summary('rewrite a log without what is no longer needed')
    .description(
      'Rewrites a log without what was overwritten or removed; no other process may have it open. If interrupted, it leaves the log as it was.',
    );
  withJson(command).action(run);
};
