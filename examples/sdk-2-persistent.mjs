// A client whose writes are on disk when they are acknowledged.

import process from 'node:process';
import { Client, ClientOptions } from '@softadastra/store';
import { freshLog, removeLog } from './support/data.mjs';

const options = ClientOptions.persistent('node-persistent', 'data/sdk-persistent-store.wal');
options.enableTransport = false;
options.enableDiscovery = false;
options.autoFlush = true;
freshLog(options.walPath);

const client = new Client(options);
const opened = await client.open();
if (opened.isErr()) {
  console.error(`failed to open client: ${opened.error().message}`);
  process.exit(1);
}

const written = await client.put('settings/theme', 'dark');
if (written.isErr()) {
  console.error(`failed to store value: ${written.error().message}`);
  (await client.close()).value();
  process.exit(1);
}

const read = await client.get('settings/theme');
if (read.isErr()) {
  console.error(`failed to read value: ${read.error().message}`);
  (await client.close()).value();
  process.exit(1);
}

console.log('key          : settings/theme');
console.log(`value        : ${read.value().toString()}`);
console.log(`wal path     : ${options.walPath}`);
console.log(`store size   : ${client.size()}`);

(await client.close()).value();
removeLog(options.walPath);
