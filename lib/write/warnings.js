'use strict';

const { toError } = require('../types/error.js');
const { builtin } = require('../native/builtin.js');

const process = builtin('process');

/** Warns about a failure that no call can report: the first automatic compaction that fails. */
function warnOfFailures(handle, writer) {
  const { onDone } = writer;
  writer.onDone = () => {
    onDone();
    warn(handle);
  };
}

function warn(handle) {
  const raw = handle.untoldFailure();
  if (raw !== undefined) {
    process.emitWarning(`automatic compaction failed, the log grows: ${toError(raw).message}`, {
      type: 'SoftadastraWarning',
      code: 'SOFTADASTRA_COMPACTION_FAILED',
      detail:
        'It will be tried again as the log grows; this warning comes once. See stats().lastCompactionError.',
    });
  }
}

module.exports = { warn, warnOfFailures };
