'use strict';

const { writeReport } = require('./output.js');
const { progressOf } = require('./progress.js');
const { withStore } = require('./store.js');

/** Opens the store of a log for one long call, shows its progress, and writes its report. */
async function runUpkeep(title, log, options, call) {
  const progress = progressOf(title, 1);
  const onProgress = ({ written, expected }) => progress.at(written, expected);
  let report;
  try {
    report = await withStore(log, false, async (store) =>
      (await call(store, { onProgress })).value(),
    );
  } finally {
    progress.stop();
  }
  await writeReport({ log, ...report }, options);
}

module.exports = { runUpkeep };
