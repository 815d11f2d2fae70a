'use strict';

const { inBackground } = require('../write/background.js');
const { native } = require('../native/addon.js');
const { readPath } = require('../options/path.js');
const { SalvageReport } = require('../types/results.js');

const reportOf = (report) => new SalvageReport(report);

/** Saves what can be read of the damaged log at `path` into a new log at `to`. Changes no existing file. */
function salvage(path, to, options) {
  return inBackground('salvage', options, reportOf, (tell) => {
    return native().salvage(readPath(path), readPath(to), tell);
  });
}

module.exports = { salvage };
