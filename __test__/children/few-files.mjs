// Opens a store, uses up all files that a process may have open but `free`, calls, and says in JSON how that went and
// what came after. Usage: node few-files.mjs <folder> <free> <compact|backup|recover|open|salvage>

import { closeSync, openSync, readdirSync } from 'node:fs';
import process from 'node:process';
import { StoreConfig, StoreEngine, salvage } from '@softadastra/store';

const [folder, free, call] = process.argv.slice(2);
const log = `${folder}/store.wal`;
const store = (await StoreEngine.open(StoreConfig.durable(log, { compaction: false }))).value();
(await store.put('a', '1')).value();

const calls = {
  compact: () => store.compact(),
  recover: () => store.recover(),
  backup: () => store.backup(`${folder}/copy.wal`),
  open: () => StoreEngine.open(StoreConfig.durable(`${folder}/new.wal`)),
  salvage: () => salvage(`${folder}/old.wal`, `${folder}/saved.wal`),
};

if (call === 'salvage') {
  const old = (await StoreEngine.open(StoreConfig.durable(`${folder}/old.wal`))).value();
  (await old.put('a', '1')).value();
  (await old.close()).value();
}
// What the call needs for the first time only, such as threads, is there already.
(await store.flush()).value();

const taken = [];
try {
  for (;;) taken.push(openSync('/dev/null'));
} catch (error) {
  if (error.code !== 'EMFILE') throw error;
}
for (const descriptor of taken.splice(0, Number(free))) closeSync(descriptor);
const first = await calls[call]();
const during = await store.put('during', '1');
for (const descriptor of taken) closeSync(descriptor);
const names = readdirSync(folder);
const again = first.isOk() ? first : await calls[call]();
console.log(
  JSON.stringify({
    ok: first.isOk(),
    message: first.isErr() ? first.error().message : undefined,
    during: during.isOk(),
    poisoned: store.stats().poisoned,
    again: again.isOk() || again.error().message,
    names,
  }),
);
if (call === 'open' && again.isOk()) (await again.value().close()).value();
(await store.close()).value();
