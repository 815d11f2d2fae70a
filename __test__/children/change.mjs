// Changes a log that has an index file and leaves it open, to be killed. Usage: node change.mjs <log>

import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { change, MANUAL } from '../indexed.mjs';

const store = (await StoreEngine.open(StoreConfig.durable(process.argv[2], MANUAL))).value();
await change(store);
process.kill(process.pid, 'SIGKILL');
