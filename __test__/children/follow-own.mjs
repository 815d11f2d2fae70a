// Follows its own writes in step: each is waited for when there is nothing else to do.

import process from 'node:process';
import { setImmediate as turn } from 'node:timers/promises';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const store = (await StoreEngine.open(StoreConfig.durable(process.argv[2]))).value();
let given = 0;
process.on('exit', () => {
  process.stdout.write(`given ${given}\n`);
  process.exitCode = 0; // waiting at the end of a process is what is looked for here
});

const operations = store.operations({ follow: true });
for (let n = 0; n < 500; n += 1) {
  const next = operations.next();
  for (let turns = n % 7; turns > 0; turns -= 1) await turn();
  (await store.put('k', String(n))).value();
  given = (await next).value.sequence;
}
