// Removing a value, and what reading it says afterwards.

import process from 'node:process';
import { Client, ClientOptions } from '@softadastra/store';

const key = 'cache/session';
const yesOrNo = (answer) => (answer ? 'yes' : 'no');

const client = new Client(ClientOptions.local('node-remove'));
const opened = await client.open();
if (opened.isErr()) {
  console.error(`failed to open client: ${opened.error().message}`);
  process.exit(1);
}

const written = await client.put(key, 'temporary-data');
if (written.isErr()) {
  console.error(`failed to store value: ${written.error().message}`);
  (await client.close()).value();
  process.exit(1);
}
console.log('before remove');
console.log(`  contains : ${yesOrNo(client.contains(key))}`);

const removed = await client.remove(key);
if (removed.isErr()) {
  console.error(`failed to remove value: ${removed.error().message}`);
  (await client.close()).value();
  process.exit(1);
}
console.log('after remove');
console.log(`  contains : ${yesOrNo(client.contains(key))}`);

const read = await client.get(key);
if (read.isErr()) {
  console.log(`read result: ${read.error().codeString()}`);
}

(await client.close()).value();
