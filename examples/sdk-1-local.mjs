// A client that keeps everything in memory.

import process from 'node:process';
import { Client, ClientOptions } from '@softadastra/store';

const options = ClientOptions.local('node-local');
options.enableTransport = false;
options.enableDiscovery = false;
options.enableWal = false;

const client = new Client(options);
const opened = await client.open();
if (opened.isErr()) {
  console.error(`failed to open client: ${opened.error().message}`);
  process.exit(1);
}

const written = await client.put('app/name', 'Softadastra SDK');
if (written.isErr()) {
  console.error(`failed to store value: ${written.error().message}`);
  (await client.close()).value();
  process.exit(1);
}

const read = await client.get('app/name');
if (read.isErr()) {
  console.error(`failed to read value: ${read.error().message}`);
  (await client.close()).value();
  process.exit(1);
}

console.log('key   : app/name');
console.log(`value : ${read.value().toString()}`);
console.log(`size  : ${client.size()}`);

(await client.close()).value();
