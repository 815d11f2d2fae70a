// Throws in the continuations of every fifth write, and checks that all writes settle. Usage: node throwing.mjs <path>

import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';

let uncaught = 0;
process.on('uncaughtException', () => {
  uncaught += 1;
});

const store = (await StoreEngine.open(StoreConfig.durable(process.argv[2]))).value();
let acknowledged = 0;
await Promise.all(
  Array.from({ length: 100 }, async (_, n) => {
    const pending = store.put(`k${n}`, 'x');
    if (n % 5 === 0) {
      // Nobody handles this one, so that it becomes an uncaught exception.
      pending.then(() => {
        throw new Error(`from the continuation of k${n}`);
      });
    }
    const result = await pending;
    acknowledged += result.isOk() ? 1 : 0;
  }),
);
(await store.close()).value();
process.on('exit', () => {
  process.stdout.write(`uncaught ${uncaught}\nacknowledged ${acknowledged}\n`);
});
