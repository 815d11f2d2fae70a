// The state that a log describes, read without opening the store.

import process from 'node:process';
import { SnapshotBuilderStore, StoreConfig, StoreEngine } from '@softadastra/store';
import { freshLog, removeLog } from './support/data.mjs';

console.log('== STORE SNAPSHOT FROM WAL EXAMPLE ==');

const log = freshLog('data/snapshot_from_wal.wal');

{
  const opened = await StoreEngine.open(StoreConfig.durable(log));
  const engine = opened.value();
  const written = await Promise.all([
    engine.put('item:1', 'alpha'),
    engine.put('item:2', 'beta'),
    engine.put('item:1', 'alpha-updated'),
  ]);
  if (written.some((result) => result.isErr())) {
    console.error('failed to write WAL-backed store entries');
    process.exit(1);
  }
  (await engine.close()).value();
}

const built = await SnapshotBuilderStore.build(log);
if (built.isErr()) {
  console.error(`snapshot build failed: ${built.error().message}`);
  process.exit(1);
}

const snapshot = built.value();
console.log(`Snapshot size: ${snapshot.size()}`);
for (const [key, value] of snapshot.all()) {
  console.log(`${key} => ${value.toString()}`);
}

removeLog(log);
