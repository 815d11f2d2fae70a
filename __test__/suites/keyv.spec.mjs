// Keyv's own suite, run by vitest, with Keyv 5, for which it was written, and with Keyv 6.

import keyvTestSuite, { keyvIteratorTests } from '@keyv/test-suite';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { SoftadastraKeyv } from '@softadastra/store/keyv';
import Keyv from 'keyv';
import Keyv6 from 'keyv-6';
import * as vitest from 'vitest';

/** Keyv 6 answers with a boolean for each key, whatever the adapter, and an array is never falsy. */
const CHANGED_IN_6 = '.deleteMany([keys]) with nonexistent keys resolves to false';

const suiteOf6 = {
  ...vitest,
  it: (name, run) => (name === CHANGED_IN_6 ? vitest.it.skip : vitest.it)(name, run),
};

function suite(name, test, Class) {
  vitest.describe(name, () => {
    const engine = new StoreEngine(StoreConfig.memoryOnly());
    const store = () => new SoftadastraKeyv(engine);
    vitest.afterAll(() => engine.close());
    keyvTestSuite(test, Class, store);
    keyvIteratorTests(test, Class, store);
  });
}

suite('Keyv 5', vitest, Keyv);
suite('Keyv 6', suiteOf6, Keyv6);
