// Writes through a level while syncs fail, and says in JSON how it went.
// Usage: node failing-sync-level.mjs <path> <the file whose existence makes syncs fail>, with the failing sync preloaded

import { rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { SoftadastraLevel } from '@softadastra/store/abstract-level';

const [path, flag] = process.argv.slice(2);
const db = new SoftadastraLevel(path);
await db.put('a', '1');
writeFileSync(flag, '');
const codes = [];
for (const write of [
  () => db.put('b', '2'),
  () => db.put('b', '2'),
  () => db.del('a'),
  () => db.clear(),
]) {
  await write().then(
    () => codes.push('ok'),
    (error) => codes.push(error.code),
  );
}
console.log(JSON.stringify({ has: await db.has('a'), get: await db.get('a'), writes: codes }));
rmSync(flag);
(await db.engine.recover()).value();
await db.close();
