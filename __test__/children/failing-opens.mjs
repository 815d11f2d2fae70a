// Opens a new log and one that was closed, writes to them, and prints what came of it.

import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const [, , fresh, closed] = process.argv;
const outcome = (result) => (result.isOk() ? 'ok' : result.error().message);

const made = await StoreEngine.open(StoreConfig.durable(fresh));
const opened = await StoreEngine.open(StoreConfig.durable(closed));
const store = opened.value();
const said = {
  made: outcome(made),
  read: store.getString('key'),
  written: [outcome(await store.put('key', 'other')), outcome(await store.put('key', 'other'))],
  compacted: outcome(await store.compact()),
  poisoned: store.stats().poisoned,
  reads: store.getString('key'),
  closed: outcome(await store.close()),
};
process.stdout.write(JSON.stringify(said));
