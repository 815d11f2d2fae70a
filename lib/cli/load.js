'use strict';

const { createReadStream, statSync } = require('node:fs');
const { operationOf } = require('./dumped-entry.js');
const { Failure } = require('./failure.js');
const { linesOf } = require('./lines.js');
const { withCreate, withJson } = require('./arguments.js');
const { writeRecord } = require('./output.js');
const { progressOf } = require('./progress.js');
const { withStore } = require('./store.js');

/** How much is on its way to the disk before the next line is read. */
const LINES_UNDER_WAY = 10_000;
const BYTES_UNDER_WAY = 16 * 1024 * 1024;

async function run(log, file, options) {
  const size = file === undefined ? undefined : sizeOf(file);
  const progress = progressOf('load', size);
  try {
    const loaded = await withStore(log, options.create, async (store) => {
      const source = file === undefined ? process.stdin : createReadStream(file);
      return new Loading(store, progress).run(source);
    });
    progress.stop();
    await writeRecord({ log, loaded }, options);
  } finally {
    progress.stop();
  }
}

/** Asked before the log is touched, so that a misspelt name creates nothing. */
function sizeOf(file) {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined || stat.isDirectory()) {
    throw new Failure(`there is no file ${file}`);
  }
  return stat.size;
}

/** Writes the lines of a dump in their order, many at a time, and ends at the first that cannot be written. */
class Loading {
  #store;
  #progress;
  #pending = [];
  #pendingBytes = 0;
  #bytes = 0;
  #loaded = 0;

  constructor(store, progress) {
    this.#store = store;
    this.#progress = progress;
  }

  async run(source) {
    let number = 0;
    for await (const line of linesOf(source)) {
      number += 1;
      await this.#add(line, number);
    }
    await this.#settle();
    return this.#loaded;
  }

  async #add(line, number) {
    let operation;
    try {
      operation = operationOf(line);
    } catch (error) {
      await this.#settle();
      throw this.#failure(number, error);
    }
    this.#pending.push({ number, written: this.#store.apply(operation) });
    this.#pendingBytes += line.length + 1;
    if (this.#pending.length >= LINES_UNDER_WAY || this.#pendingBytes >= BYTES_UNDER_WAY) {
      await this.#settle();
    }
  }

  async #settle() {
    const pending = this.#pending;
    this.#pending = [];
    let failed;
    for (const { number, written } of pending) {
      const result = await written;
      if (result.isOk()) {
        this.#loaded += 1;
      } else {
        failed ??= { number, error: result.error() };
      }
    }
    if (failed !== undefined) {
      throw this.#failure(failed.number, failed.error);
    }
    this.#bytes += this.#pendingBytes;
    this.#pendingBytes = 0;
    this.#progress.at(this.#bytes);
  }

  #failure(number, error) {
    return new Failure(`line ${number}: ${error.message}; ${this.#loaded} entries are loaded`);
  }
}

module.exports = (program) => {
  const command = program
    .command('load <log> [file]')
    .summary('write the entries of a dump')
    .description(
      'Writes the entries of a dump, from a file or standard input, with their times. They get new versions, and entries under the same keys are replaced. It ends at the first line that cannot be written; what came before stays.',
    );
  withJson(withCreate(command)).action(run);
};
