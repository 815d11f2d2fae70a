// Write, read and remove one entry of a durable store.

import process from 'node:process';
import { Key, StoreConfig, StoreEngine, Value } from '@softadastra/store';
import { freshLog, removeLog } from './support/data.mjs';

console.log('== STORE BASIC EXAMPLE ==');

const log = freshLog('data/basic_store.wal');
const opened = await StoreEngine.open(StoreConfig.durable(log));
if (opened.isErr()) {
  console.error(`open failed: ${opened.error().message}`);
  process.exit(1);
}
const engine = opened.value();

const put = await engine.put(new Key('user:1'), Value.fromString('Gaspard'));
if (put.isErr()) {
  console.error(`put failed: ${put.error().message}`);
  process.exit(1);
}
console.log(`Put version=${put.value().version}`);

const found = engine.get(new Key('user:1'));
if (found.isErr()) {
  console.error('entry not found');
  process.exit(1);
}
const entry = found.value();
console.log(`Entry key=${entry.key} value=${entry.value.toString()} version=${entry.version}`);

const removed = await engine.remove(new Key('user:1'));
if (removed.isErr()) {
  console.error(`remove failed: ${removed.error().message}`);
  process.exit(1);
}
console.log(`Removed=${removed.value().deleted}`);

(await engine.close()).value();
removeLog(log);
