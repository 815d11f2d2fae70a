// A missing key is an ordinary answer: the program looks at the code and goes on.

import process from 'node:process';
import { Client, ClientOptions } from '@softadastra/store';
import { freshLog, removeLog } from './support/data.mjs';

const options = ClientOptions.persistent('node-errors', 'data/node-errors.wal');
options.autoFlush = true;
options.enableTransport = false;
options.enableDiscovery = false;
freshLog(options.walPath);

const client = new Client(options);
const opened = await client.open();
if (opened.isErr()) {
  console.error(`open failed: ${opened.error().message}`);
  process.exit(1);
}

const written = await client.put('app/name', 'Softadastra');
if (written.isErr()) {
  console.error(`put failed: ${written.error().message}`);
  (await client.close()).value();
  process.exit(1);
}

const read = await client.get('app/name');
if (read.isErr()) {
  console.error(`get failed: ${read.error().message}`);
  (await client.close()).value();
  process.exit(1);
}
console.log(`value: ${read.value().toString()}`);

const missing = await client.get('missing/key');
if (missing.isErr()) {
  console.log(`missing key handled: ${missing.error().codeString()}`);
}

(await client.close()).value();
removeLog(options.walPath);
