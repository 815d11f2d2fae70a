// Forgets an open store, and opens its log again once that was collected. Says in JSON what it found.
// Usage: node --expose-gc collected.mjs <path> <durable or fast> <how many entries>

import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const [path, kind, count] = process.argv.slice(2);
const config = StoreConfig[kind](path);

/** Its promises settle although nobody keeps the store that made them. */
async function writeAndForget() {
  const store = (await StoreEngine.open(config)).value();
  return Array.from({ length: Number(count) }, (_, n) => store.put(`k${n}`, `value ${n}`));
}

const pending = await writeAndForget();
globalThis.gc();
for (const put of await Promise.all(pending)) put.value();

let opened;
let attempts = 0;
for (; attempts < 1000; attempts += 1) {
  globalThis.gc();
  // Finalizers run between two turns.
  await new Promise(setImmediate);
  opened = await StoreEngine.open(config);
  if (opened.isOk()) break;
  if (!opened.error().message.includes('locked')) throw opened.error();
}
const store = opened.value();
let missing = 0;
for (let n = 0; n < Number(count); n += 1) {
  if (store.getString(`k${n}`) !== `value ${n}`) missing += 1;
}
const { cleanShutdown } = store.recoveryReport();
(await store.close()).value();
process.stdout.write(JSON.stringify({ missing, cleanShutdown }));
