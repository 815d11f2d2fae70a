// Reads large values, lets go of some, closes the store, and checks that the rest are what they were.

import assert from 'node:assert/strict';
import v8 from 'node:v8';
import vm from 'node:vm';
import { StoreConfig, StoreEngine } from '@softadastra/store';

/** Bun has a collector that is not V8's. */
function collector() {
  if (globalThis.Bun) return () => globalThis.Bun.gc(true);
  v8.setFlagsFromString('--expose-gc');
  return vm.runInNewContext('gc');
}

const collectGarbage = collector();

const COUNT = 200;
const contents = (i) => `${i}:`.padEnd(20_000 + i, String.fromCharCode(97 + (i % 26)));

async function turn() {
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
}

async function main() {
  const store = new StoreEngine(StoreConfig.memoryOnly());
  for (let i = 0; i < COUNT; i += 1) await store.put(`k${i}`, contents(i));
  let kept = [];
  for (let round = 0; round < 20; round += 1) {
    const texts = Array.from({ length: COUNT }, (_, i) => store.getString(`k${i}`));
    kept = texts.filter((_, i) => i % 2 === round % 2);
    await turn();
  }
  const slices = kept.map((text) => text.slice(3, 17_000));
  // Every value is replaced or removed, and then the store goes away.
  for (let i = 0; i < COUNT; i += 1) {
    await (i % 3 === 0 ? store.remove(`k${i}`) : store.put(`k${i}`, 'z'.repeat(30_000)));
  }
  await turn();
  await store.close();
  await turn();
  kept.forEach((text, at) => {
    const expected = contents(2 * at + 1);
    assert.equal(text, expected);
    assert.equal(slices[at], expected.slice(3, 17_000));
    assert.equal(Buffer.from(text).toString(), expected);
  });
  return kept.length;
}

process.stdout.write(`${await main()} texts are what they were\n`);
await turn();
