// Writes to the log that another thread has open, and says what it finds there.

import { parentPort, workerData } from 'node:worker_threads';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const engine = (await StoreEngine.open(StoreConfig.durable(workerData))).value();
(await engine.put('from a thread', 'yes')).value();
parentPort.postMessage(engine.getString('key/19'));
(await engine.close()).value();
