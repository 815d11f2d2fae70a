// node writer.mjs <log>: takes orders as fast as the disk does, each with the number of the last one in the same batch, and
// tells the parent of each that is durable.

import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const [log] = process.argv.slice(2);
// The process before may have been killed a moment ago.
const opened = await StoreEngine.open(StoreConfig.durable(log), { lockTimeoutMs: 10_000 });
const engine = opened.value();
let ended = false;
process.on('message', () => {
  ended = true;
});
process.send({ ready: true });

for (let number = Number(engine.getString('last') ?? 0) + 1; !ended; number += 1) {
  const order = JSON.stringify({ number, item: `item ${number % 7}` });
  const written = await engine.batch([
    { type: 'put', key: `order/${number}`, value: order },
    { type: 'put', key: 'last', value: String(number) },
  ]);
  written.value();
  process.send({ acknowledged: number });
}
(await engine.close()).value();
process.disconnect();
