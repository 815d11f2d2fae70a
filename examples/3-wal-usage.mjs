// Several writes at once: they share one commit, and the log keeps their order.

import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { freshLog, removeLog } from './support/data.mjs';

console.log('== STORE WAL USAGE EXAMPLE ==');

const log = freshLog('data/store_wal_usage.wal');
const opened = await StoreEngine.open(StoreConfig.durable(log));
if (opened.isErr()) {
  console.error(`open failed: ${opened.error().message}`);
  process.exit(1);
}
const engine = opened.value();

const written = await Promise.all([
  engine.put('product:1', 'Laptop'),
  engine.put('product:2', 'Phone'),
  engine.put('product:1', 'Laptop Pro'),
]);
if (written.some((result) => result.isErr())) {
  console.error('failed to write one or more entries');
  process.exit(1);
}

console.log(`Current store size: ${engine.size()}`);
for (const [key, entry] of engine.entries()) {
  console.log(`${key} => ${entry.value.toString()} version=${entry.version}`);
}

(await engine.close()).value();
removeLog(log);
