// Ends the process while its threads and itself write; says in JSON what was acknowledged to each.
// Usage: node exit-with-threads.mjs <path> exit|throw

import { writeSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { childFile } from '../helpers.mjs';

const TASKS = 4;
const [path, way] = process.argv.slice(2);
const store = (await StoreEngine.open(StoreConfig.durable(path))).value();

const acknowledged = ['one', 'two', 'three'].map((name) => {
  const shared = new SharedArrayBuffer(TASKS * Int32Array.BYTES_PER_ELEMENT);
  const worker = new Worker(childFile('thread.mjs'));
  worker.postMessage({ id: 0, call: 'open', args: [path] });
  worker.once('message', () => worker.postMessage({ id: 1, call: 'load', args: [name, shared] }));
  return [name, new Int32Array(shared)];
});
while (acknowledged.some(([, counts]) => counts[0] < 20)) {
  (await store.put('main', 'x')).value();
  await sleep(1);
}
void store.put('main', 'last');
// Straight to the descriptor: what is buffered is lost with the process.
writeSync(1, JSON.stringify(acknowledged.map(([name, counts]) => [name, [...counts]])));
if (way === 'exit') process.exit(0);
throw new Error('on purpose');
