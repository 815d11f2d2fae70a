'use strict';

const { toError } = require('./error.js');
const native = require('./native.js');
const { readPath } = require('./path.js');
const { ok, err } = require('./result.js');
const { SalvageReport } = require('./results.js');

/** Saves what can be read of the damaged log at `path` into a new log at `to`. Changes nothing that exists. */
function salvage(path, to) {
  return new Promise((resolve) => {
    try {
      native.salvage(readPath(path), readPath(to), (error, report) => {
        resolve(error ? err(toError(error)) : ok(new SalvageReport(report)));
      });
    } catch (raw) {
      resolve(err(toError(raw)));
    }
  });
}

module.exports = { salvage };
