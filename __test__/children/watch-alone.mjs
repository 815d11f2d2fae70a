// Forgets many watches, then hears of its own writes, and ends although it still watches.

import process from 'node:process';
import { setImmediate as turn } from 'node:timers/promises';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const store = (await StoreEngine.open(StoreConfig.fast(process.argv[2]))).value();
for (let n = 0; n < 200; n += 1) store.watch();
const begun = store.watch();
(await store.put('k', 'x')).value();
(await begun.next()).value;
process.stdout.write(`${store.stats().watches} watches\n`);
while (store.stats().watches > 1) {
  globalThis.gc();
  await turn();
}
(await begun.return()).value;
process.stdout.write(`${store.stats().watches} watches\n`);

const watch = store.watch({ prefix: 'own/' });
for (let n = 1; n <= 100; n += 1) store.put(`own/${n}`, 'x').then((put) => put.value());

// Nobody waits for the end, which does not come: some versions of Node.js warn of a top-level `await` that never ends.
void (async () => {
  let heard = 0;
  for await (const { key } of watch) {
    heard += 1;
    if (key === 'own/100') process.stdout.write(`heard ${heard}\n`);
  }
})();
