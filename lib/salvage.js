'use strict';

const { checkPath } = require('./config.js');
const { toError } = require('./error.js');
const native = require('./native.js');
const { ok, err } = require('./result.js');
const { SalvageReport } = require('./results.js');
const { RealPromise } = require('./runtime.js');

/** Saves what can be read of the damaged log at `path` into a new log at `to`. Changes nothing that exists. */
function salvage(path, to) {
  return new RealPromise((resolve) => {
    try {
      checkPath(path);
      checkPath(to);
      native.salvage(path, to, (error, report) => {
        resolve(error ? err(toError(error)) : ok(new SalvageReport(report)));
      });
    } catch (raw) {
      resolve(err(toError(raw)));
    }
  });
}

module.exports = { salvage };
