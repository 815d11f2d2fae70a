// Listens to a store without closing it; its first listener throws once, and those after it are not called then.

import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const store = (await StoreEngine.open(StoreConfig.durable(process.argv[2]))).value();
const heard = [];
let uncaught = '';
process.on('uncaughtException', ({ message }) => {
  uncaught = message;
});
process.on('exit', () => {
  process.stdout.write(`${heard.join(' ')}\nuncaught ${uncaught}\n`);
});
store.once('change', () => {
  throw new Error('on purpose');
});
store.on('change', ({ key }) => heard.push(key));
(await store.put('a', 'x')).value();
(await store.put('b', 'x')).value();
