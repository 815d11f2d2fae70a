// Begins iterations over the history and forgets them without an end. Run with --expose-gc.

import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const config = StoreConfig.durable(process.argv[2], { compaction: false });
const store = (await StoreEngine.open(config)).value();
const value = 'x'.repeat(1 << 20);
for (let n = 0; n < 5; n += 1) (await store.put('k', value)).value();

async function beginAndForget() {
  for (let n = 0; n < 5; n += 1) await store.operations().next();
}

await beginAndForget();
const held = (await store.compact()).value().floor < store.lastSequence();
let floor = 0;
for (let round = 0; round < 100 && floor < store.lastSequence(); round += 1) {
  globalThis.gc();
  await sleep(10); // finalizers run between turns
  floor = (await store.compact()).value().floor;
}
process.stdout.write(`held ${held}, then all gone ${floor === store.lastSequence()}\n`);
await store.close();
