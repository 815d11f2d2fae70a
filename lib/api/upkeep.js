'use strict';

const { readPath } = require('../options/path.js');
const { BackupReport, CompactionReport, SweepReport } = require('../types/results.js');
const { failing } = require('../types/settled.js');
const { inBackground } = require('../write/background.js');
const { OPEN } = require('../write/lifecycle.js');
const { load } = require('./loading.js');

/** The long calls of a store, which run on threads of their own. */
class Upkeep {
  #handle;
  #life;

  constructor(handle, life) {
    this.#handle = handle;
    this.#life = life;
  }

  ready(options) {
    const start = () =>
      inBackground('ready', options, () => undefined, this.#handle.ready, ['signal']);
    return this.#whenOpen(start);
  }

  load(wanted, options) {
    return this.#whenOpen(() => load(this.#handle, wanted, options));
  }

  compact(options) {
    return this.#rewrite('compact', options, CompactionReport, this.#handle.compact);
  }

  backup(path, options) {
    const start = (tell) => this.#handle.backup(readPath(path), tell);
    return this.#rewrite('backup', options, BackupReport, start);
  }

  sweep(options) {
    return this.#rewrite('sweep', options, SweepReport, this.#handle.sweep, ['signal']);
  }

  #rewrite(owner, options, Report, start, names) {
    const reported = (report) => new Report(report);
    return this.#whenOpen(() => inBackground(owner, options, reported, start, names));
  }

  #whenOpen(start) {
    return this.#life.state === OPEN ? start() : failing(this.#life.notOpen());
  }
}

module.exports = { Upkeep };
