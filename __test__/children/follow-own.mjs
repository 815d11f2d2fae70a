// Follows the history while it writes, and has nothing else to do after the last write.

import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const store = (await StoreEngine.open(StoreConfig.durable(process.argv[2]))).value();
let given = 0;

async function follow() {
  for await (const { sequence } of store.operations({ follow: true })) given = sequence;
}

void follow();
for (let n = 0; n < 100; n += 1) (await store.put(`k${n}`, 'x')).value();
process.on('exit', () => process.stdout.write(`given ${given}\n`));
