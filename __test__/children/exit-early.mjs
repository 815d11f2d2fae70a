// Ends the process while writes are in flight, and says how many were acknowledged. Usage: node exit-early.mjs <path>

import { writeSync } from 'node:fs';
import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const store = (await StoreEngine.open(StoreConfig.durable(process.argv[2]))).value();
let acknowledged = 0;
for (let n = 1; ; n += 1) {
  store.put(`k${n}`, 'x').then((result) => {
    acknowledged += result.isOk() ? 1 : 0;
    if (acknowledged === 1000) {
      writeSync(1, String(acknowledged));
      process.exit(0);
    }
  });
  if (n % 100 === 0) await new Promise(setImmediate);
}
