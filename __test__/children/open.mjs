// Opens a store and says in JSON how that went. Usage: node open.mjs <path> [hold]
// With `hold` it keeps the store open until its standard input ends, and then closes it.

import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const [path, hold] = process.argv.slice(2);
const opened = await StoreEngine.open(StoreConfig.durable(path));
if (opened.isErr()) {
  const error = opened.error();
  console.log(JSON.stringify({ ok: false, code: error.codeString(), message: error.message }));
} else {
  console.log(JSON.stringify({ ok: true, size: opened.value().size() }));
  if (hold === 'hold') {
    for await (const _ of process.stdin);
  }
  await opened.value().close();
}
