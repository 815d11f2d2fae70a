'use strict';

const NOW = [
  'get',
  'putSync',
  'removeSync',
  'batchSync',
  'applySync',
  'applyBatchSync',
  'flushSync',
];
const LATER = [
  'put',
  'remove',
  'batch',
  'apply',
  'applyBatch',
  'update',
  'recover',
  'ready',
  'load',
  'flush',
  'compact',
  'sweep',
  'backup',
  'consumer',
  'removeConsumer',
  'close',
];

/** The calls of a store whose results are unwrapped: failures throw and reject. */
class OrThrow {
  #engine;

  constructor(engine) {
    this.#engine = engine;
  }

  static {
    for (const name of NOW) {
      define(name, function (...args) {
        return this.#engine[name](...args).value();
      });
    }
    for (const name of LATER) {
      define(name, async function (...args) {
        return (await this.#engine[name](...args)).value();
      });
    }

    function define(name, value) {
      Object.defineProperty(OrThrow.prototype, name, { value, configurable: true, writable: true });
    }
  }
}

module.exports = { OrThrow };
