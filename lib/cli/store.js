'use strict';

const { existsSync } = require('node:fs');
const { StoreConfig, StoreEngine, readLog } = require('../../index.js');
const { Failure } = require('./failure.js');

/**
 * The entries of a log, without what a process that has it open may still take back. Nothing is locked, created or changed.
 */
async function stateOf(path) {
  return (await readLog(path, { committed: true })).value();
}

/**
 * Runs `work` with the store of a log and closes it, whatever happens. A log is created only if `create` is true; it is
 * undefined if the command has that option and it was not given.
 */
async function withStore(path, create, work) {
  if (!create && !existsSync(path)) {
    const hint = create === undefined ? ': --create makes one' : '';
    throw new Failure(`there is no log at ${path}${hint}`);
  }
  const store = (await StoreEngine.open(StoreConfig.durable(path))).value();
  let outcome;
  try {
    outcome = await work(store);
  } catch (error) {
    await store.close();
    throw error;
  }
  (await store.close()).value();
  return outcome;
}

module.exports = { stateOf, withStore };
