// Writes until it is killed, and notes what it was told is stored.

import { appendFileSync } from 'node:fs';
import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const [log, told] = process.argv.slice(2);
const engine = (await StoreEngine.open(StoreConfig.durable(log))).value();
for (let i = 0; ; i += 1) {
  const key = `written/${i}`;
  (await engine.put(key, key)).value();
  appendFileSync(told, `${key}\n`);
}
