// A writer whose last frame is whole in the log and not on stable storage yet.
// Usage: node held-write.mjs <log>; it says when that is so. Syncs of the log wait while $HOLD_SYNC exists.

import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { readLog, StoreConfig, StoreEngine } from '@softadastra/store';

const log = process.argv[2];
const store = (await StoreEngine.open(StoreConfig.durable(log))).value();
(await store.put('before', '1')).value();
writeFileSync(process.env.HOLD_SYNC, '');
const late = store.put('late', '2');
for (;;) {
  const snapshot = (await readLog(log)).value();
  if (snapshot.get('late').isOk()) break;
}
process.stdout.write('held\n');
(await late).value();
