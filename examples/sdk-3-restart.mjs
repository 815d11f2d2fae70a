// Two clients, one after the other, from the same options: the second finds what the first wrote.

import process from 'node:process';
import { Client, ClientOptions } from '@softadastra/store';
import { freshLog, removeLog } from './support/data.mjs';

const options = ClientOptions.local('node-persistent-test');
options.enableTransport = false;
options.enableDiscovery = false;
options.enableWal = true;
options.walPath = 'data/persistent-test.wal';
options.autoFlush = true;
freshLog(options.walPath);

{
  const client = new Client(options);
  const opened = await client.open();
  if (opened.isErr()) {
    console.error(opened.error().message);
    process.exit(1);
  }
  const written = await client.put('app/name', 'Softadastra');
  if (written.isErr()) {
    console.error(`failed to store value: ${written.error().message}`);
    (await client.close()).value();
    process.exit(1);
  }
  console.log('first run value written');
  (await client.close()).value();
}

{
  const client = new Client(options);
  const opened = await client.open();
  if (opened.isErr()) {
    console.error(opened.error().message);
    process.exit(1);
  }
  const read = await client.get('app/name');
  if (read.isErr()) {
    console.error(`recovery failed: ${read.error().message}`);
    (await client.close()).value();
    process.exit(1);
  }
  console.log(`recovered value: ${read.value().toString()}`);
  (await client.close()).value();
}

removeLog(options.walPath);
