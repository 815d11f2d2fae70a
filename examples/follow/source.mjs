// Writes to its store, sends every operation to standard output, and takes acknowledgements from standard input.
// Usage: node source.mjs <log> <number of operations>

import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { receive, send } from './frames.mjs';

const [log, total] = process.argv.slice(2);
// A small minimum, so that even this little log is compacted while it is followed.
const config = StoreConfig.durable(log, { compaction: { minimumBytes: 1024 * 1024 } });
const store = (await StoreEngine.open(config)).value();
const consumer = (await store.consumer('replica')).value();
process.stdout.on('error', () => process.exit(1)); // the replica is gone

async function write() {
  while (store.lastSequence() < Number(total)) {
    const n = store.lastSequence();
    const key = `key/${(n * 37) % 101}`;
    const value = `value ${n} `.padEnd(1000, '.');
    const writes = [store.put(key, value), store.put(`last/${n % 7}`, value)];
    if (n % 5 === 0) writes.push(store.remove(`key/${(n * 11) % 101}`));
    for (const result of await Promise.all(writes)) result.value();
  }
}

async function closeWhenDone() {
  const done = store.lastSequence() >= Number(total);
  if (done && consumer.position() === store.lastSequence()) {
    (await store.close()).value();
    process.exit(); // which tells the replica that this is all
  }
}

async function takeAcknowledgements() {
  for await (const frames of receive(process.stdin)) {
    (await consumer.acknowledge(frames.at(-1).sequence)).value();
    await closeWhenDone();
  }
  // The replica is gone. Data on its way to it may wait forever if something in between still holds the pipe.
  (await store.close()).value();
  process.exit(1);
}

async function sendOperations() {
  // From the last acknowledgement on: what a crash left in doubt is sent again, in the same order.
  for await (const { sequence, payload } of consumer.operations({ follow: true })) {
    await send(process.stdout, sequence, payload);
  }
}

await Promise.all([write().then(closeWhenDone), takeAcknowledgements(), sendOperations()]);
