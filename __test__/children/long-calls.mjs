// As a worker thread: starts every kind of call that outlives a turn, says so in the middle of a compaction, and waits
// to be terminated. As a program, with the path as argument: ends the process there.

import process from 'node:process';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const file = isMainThread ? process.argv[2] : workerData.path;
const store = (await StoreEngine.open(StoreConfig.durable(file, { compaction: false }))).value();
const puts = Array.from({ length: 8000 }, (_, n) => store.put(`k${n}`, `${n} `.padEnd(1000)));
for (const result of await Promise.all(puts)) result.value();

function inTheMiddle() {
  if (isMainThread) process.exit(0);
  parentPort.postMessage('in the middle');
}

const history = store.operations({ follow: true });
const waiting = store.operations({ follow: true, since: store.lastSequence() }).next();
const copying = store.backup(`${file}.copy`, { onProgress: inTheMiddle });
await Promise.all([
  waiting,
  copying,
  history.next(),
  store.compact({ onProgress: inTheMiddle }),
  store.put('last', '1'),
]);
