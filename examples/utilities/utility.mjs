// node utility.mjs <log> <prefix>: a process that follows the settings of an application, such as a utility process of
// Electron. There, `process.parentPort` takes the place of `process.send` and `process.on('message')`.

import process from 'node:process';
import { StoreEngine } from '@softadastra/store';

const [log, prefix] = process.argv.slice(2);
const follower = (await StoreEngine.follow(log, { wait: true })).value();
// Begun before the entries are read, so that no change comes in between.
const changes = follower.watch({ prefix });
const seen = new Map(
  Array.from(follower.entries({ prefix }), ([key, entry]) => [key, entry.value.toString()]),
);
// A watch alone does not keep a process.
process.channel.ref();
process.send({ ready: true });

for await (const { type, key, value } of changes) {
  if (type === 'put') seen.set(key, value.toString());
  else seen.delete(key);
  if (key === `${prefix}done`) break;
}
process.send({ seen: Array.from(seen) });
(await follower.close()).value();
process.disconnect();
