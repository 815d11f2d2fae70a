// node followed-writer.mjs <log> [<writes>]: writes one number into two entries at a time, and tells each that was acknowledged.
// It compacts whenever it is told to, and after each so many writes.

import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const [log, often] = process.argv.slice(2);
const store = (await StoreEngine.open(StoreConfig.durable(log, { compaction: false }))).value();
let number = Number(store.getString('left') ?? 0);
let compacting = Promise.resolve();

function compact(tell) {
  compacting = compacting.then(async () => {
    (await store.compact()).value();
    tell?.();
  });
}

process.on('message', () => compact(() => process.send({ compacted: true })));

for (;;) {
  number += 1;
  const sides = ['left', 'right'].map((key) => ({ type: 'put', key, value: `${number}` }));
  const extra = { type: 'put', key: `extra/${number % 50}`, value: 'x'.repeat(number % 300) };
  (await store.batch([sides[0], extra, sides[1]])).value();
  process.send({ acknowledged: number });
  if (number % Number(often) === 0) {
    compact();
  }
}
