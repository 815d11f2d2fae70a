// While the disk holds the syncs of several stores, everything else in the process goes on.
// Usage: node held-sync.mjs <folder>; the syncs of files with "held-" in their name wait while $HOLD_SYNC exists.

import assert from 'node:assert/strict';
import dns from 'node:dns/promises';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const folder = process.argv[2];

async function open(name) {
  const config = StoreConfig.durable(path.join(folder, name));
  return (await StoreEngine.open(config)).value();
}

/** Everything that must not wait for the held stores. */
async function others(stores, neighbour) {
  for (let round = 0; round < 20; round += 1) {
    await readFile(path.join(folder, 'other.txt'), 'utf8');
    await dns.lookup('localhost');
    await sleep(1);
    (await neighbour.put(`free/${round}`, 'x')).value();
    for (const store of stores) {
      assert.equal(store.getString('before'), 'held');
      assert.equal(store.getString('late/0'), undefined, 'not visible before it is durable');
    }
  }
}

await writeFile(path.join(folder, 'other.txt'), 'other');
// Three of the four libuv threads can be busy; more stores than that would leave none.
const held = [await open('held-1.wal'), await open('held-2.wal'), await open('held-3.wal')];
const free = await open('free.wal');
for (const store of held) (await store.put('before', 'held')).value();

await writeFile(process.env.HOLD_SYNC, '');
let settled = 0;
const late = held.flatMap((store) =>
  Array.from({ length: 500 }, async (_, i) => {
    const result = await store.put(`late/${i}`, 'x');
    settled += 1;
    return result;
  }),
);
await others(held, free);
assert.equal(settled, 0, 'nothing is acknowledged before its sync');

await rm(process.env.HOLD_SYNC);
for (const result of await Promise.all(late)) result.value();
for (const store of held) {
  assert.equal(store.size(), 501);
  // One group in the making when the disk stopped, one that filled meanwhile.
  assert.ok(store.stats().groups <= 4, `${store.stats().groups} groups`);
  (await store.close()).value();
}
(await free.close()).value();
process.stdout.write('everything went on\n');
