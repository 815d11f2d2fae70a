'use strict';

const { inBackground } = require('../write/background.js');
const { textsOf } = require('../types/key.js');
const { RealPromise } = require('../runtime/runtime.js');
const { readRange } = require('../options/range.js');

/** Brings entries into memory that only the log has: those of an array of keys, or of a range. */
function load(handle, wanted, options) {
  const start = (tell) => {
    if (Array.isArray(wanted)) {
      return handle.loadKeys(textsOf(wanted), tell);
    }
    const { scan, limit } = readRange(wanted, 'load');
    const { prefix, gt, gte, lt, lte, reverse } = scan;
    return handle.loadRange(prefix, gt, gte, lt, lte, reverse, undefined, limit, tell);
  };
  return inBackground('load', options, () => undefined, start, ['signal']);
}

/** Brings a page of a scan into memory. It never fails: what does so fails again when the page is read. */
function pageLoader(handle) {
  return (...page) =>
    new RealPromise((resolve) => {
      try {
        handle.loadRange(...page, () => resolve(undefined));
      } catch {
        resolve(undefined);
      }
    });
}

module.exports = { load, pageLoader };
