// Writes one entry and ends without closing the store. Usage: node leave-open.mjs <path>

import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const store = (await StoreEngine.open(StoreConfig.durable(process.argv[2]))).value();
(await store.put('a', '1')).value();
