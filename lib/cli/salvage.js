'use strict';

const { salvage } = require('../../index.js');
const { withJson } = require('./flags.js');
const { writeReport, writeTable } = require('./output.js');

const COLUMNS = ['log', 'offset', 'end', 'firstSequence', 'lastSequence', 'records'];

async function run(log, to, options) {
  const report = (await salvage(log, to)).value();
  if (options.json) {
    await writeReport(report, options);
    return;
  }
  const { later, ...saved } = report;
  await writeReport(saved, options);
  if (later.length > 0) {
    await writeTable(
      COLUMNS,
      later.map((run_) => COLUMNS.map((name) => run_[name])),
    );
  }
}

module.exports = (program) => {
  const command = program
    .command('salvage <log> <to>')
    .summary('save what can be read of a damaged log')
    .description(
      'Saves what can be read of a damaged log: everything before the damage as the log <to>, a copy of the damaged log as <to>.damaged, and each part after the damage as a log of its own. The log itself is only read.',
    );
  withJson(command).action(run);
};
