// node reader.mjs <log>: serves reads of a log that another process writes.

import process from 'node:process';
import { StoreEngine } from '@softadastra/store';

const [log] = process.argv.slice(2);
const follower = (await StoreEngine.follow(log, { wait: true })).value();

process.on('message', async ({ ask }) => {
  // Without this it may be some milliseconds behind.
  (await follower.refresh()).value();
  const moment = follower.snapshot();
  const last = Number(moment.get('last').value().value);
  const orders = Array.from(moment.keys({ prefix: 'order/' })).length;
  moment.close();
  process.send({ answer: ask, last, orders });
});
process.on('disconnect', () => process.exit());
process.send({ ready: true });
