// State that ends with the process. The C++ programs of the engine print booleans as 1; here they print as true.

import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';

console.log('== STORE MEMORY ONLY EXAMPLE ==');

const engine = new StoreEngine(StoreConfig.memoryOnly());

const put = await engine.put('session:1', 'temporary-value');
if (put.isErr()) {
  console.error(`put failed: ${put.error().message}`);
  process.exit(1);
}
console.log(`Created=${put.value().created} version=${put.value().version}`);

const entry = engine.get('session:1');
if (entry.isOk()) {
  console.log(`session:1 => ${entry.value().value.toString()}`);
}
