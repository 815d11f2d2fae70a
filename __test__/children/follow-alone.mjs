// Waits for more of a history that does not grow, with nothing else to do.

import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const store = (await StoreEngine.open(StoreConfig.durable(process.argv[2]))).value();
const next = store.operations({ follow: true }).next();
next.then(() => process.stdout.write('woken\n'));
process.stdout.write('waiting\n');
