'use strict';

const { withJson } = require('./flags.js');
const { runUpkeep } = require('./upkeep.js');

function run(log, path, options) {
  return runUpkeep('backup', log, options, (store, control) => store.backup(path, control));
}

module.exports = (program) => {
  const command = program
    .command('backup <log> <path>')
    .summary('copy a store into a new log')
    .description(
      'Copies what a store holds into a new, compact log, which is complete and durable when it gets its name. It replaces no file, and no other process may have the log open.',
    );
  withJson(command).action(run);
};
