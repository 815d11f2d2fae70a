// A worker thread with a store of its own; workerData has the path of its log, and whether to close it.

import { parentPort, workerData } from 'node:worker_threads';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const store = (await StoreEngine.open(StoreConfig.durable(workerData.path))).value();
await Promise.all(Array.from({ length: 100 }, (_, n) => store.put(`k${n}`, 'x')));
parentPort.postMessage(store.size());
if (workerData.close) {
  (await store.close()).value();
}
