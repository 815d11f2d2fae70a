// Writes large values until one is refused, then a small one, and reads all that was acknowledged. Says in JSON how it
// went. Usage: node fill.mjs <path>, under a limit on the size of files

import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const store = (await StoreEngine.open(StoreConfig.durable(process.argv[2]))).value();
const value = 'x'.repeat(1 << 20);
const acknowledged = [];
let failure;
for (let n = 0; failure === undefined; n += 1) {
  const results = await Promise.all([store.put(`k${n}`, value), store.put(`s${n}`, 'small')]);
  acknowledged.push(
    ...results.filter((result) => result.isOk()).map((result) => result.value().key),
  );
  failure = results.find((result) => result.isErr())?.error();
}
const after = await store.put('after', 'small');
if (after.isOk()) acknowledged.push('after');
console.log(
  JSON.stringify({
    code: failure.codeString(),
    message: failure.message,
    poisoned: store.stats().poisoned,
    afterwards: after.isOk(),
    readable: acknowledged.every((key) => store.contains(key)),
    size: store.size(),
    acknowledged,
  }),
);
(await store.close()).value();
