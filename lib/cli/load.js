'use strict';

const { accessSync, constants, createReadStream, statSync } = require('node:fs');
const { LineError, operationsOf } = require('./dumped-lines.js');
const { FAILED, Failure, failureOf } = require('./failure.js');
const { withCreate, withJson } = require('./flags.js');
const { writeReport } = require('./output.js');
const { progressOf } = require('./progress.js');
const { standardInput } = require('./stdin.js');
const { withStore } = require('./store.js');

/** How much may be on its way to the disk before the next line is read. */
const LINES_UNDER_WAY = 10_000;
const BYTES_UNDER_WAY = 16 * 1024 * 1024;

async function run(log, file, options) {
  const size = file === undefined ? undefined : sizeOf(file);
  const input = file === undefined ? standardInput() : undefined;
  const progress = progressOf('load', size);
  try {
    const loaded = await withStore(log, options.create, (store) =>
      new Loading(store, progress).run(input ?? createReadStream(file)),
    );
    progress.stop();
    await writeReport({ log, loaded }, options);
  } finally {
    progress.stop();
  }
}

/** Checked before the log is touched, so that a misspelt name creates nothing. */
function sizeOf(file) {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined || stat.isDirectory()) {
    throw new Failure(`there is no file ${file}`);
  }
  accessSync(file, constants.R_OK);
  return stat.size;
}

/** Writes the lines of a dump in order, many at a time, and stops at the first that cannot be written. */
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
    try {
      for await (const line of operationsOf(source)) {
        await this.#add(line);
      }
    } catch (error) {
      if (!(error instanceof LineError)) {
        throw error;
      }
      await this.#settle();
      throw this.#failure(error.number, error.cause);
    }
    await this.#settle();
    return this.#loaded;
  }

  async #add({ number, size, operation, expiresAt }) {
    const written = this.#store.apply(operation, { expiresAt });
    this.#pending.push({ number, written });
    this.#pendingBytes += size;
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
    const { message, code } = failureOf(error);
    return new Failure(
      `line ${number}: ${message}; ${this.#loaded} entries are loaded`,
      FAILED,
      code,
    );
  }
}

module.exports = (program) => {
  const command = program
    .command('load <log> [file]')
    .summary('write the entries of a dump')
    .description(
      'Writes the entries of a dump, from a file or standard input, with their times. They get new versions, and entries under the same keys are replaced. It ends at the first line that cannot be written; what came before stays. Blank lines and a byte-order mark are passed over.',
    );
  withJson(withCreate(command)).action(run);
};
