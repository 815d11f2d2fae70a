// Applies the operations that come in on standard input, and acknowledges on standard output what is durable here.
// Usage: node replica.mjs <log>

import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { receive, send } from './frames.mjs';

const store = (await StoreEngine.open(StoreConfig.durable(process.argv[2]))).value();
process.stdout.on('error', () => process.exit(1)); // the source is gone

for await (const frames of receive(process.stdin)) {
  const applied = await Promise.all(frames.map(({ payload }) => store.apply(payload)));
  for (const result of applied) result.value();
  await send(process.stdout, frames.at(-1).sequence);
}
(await store.close()).value();
