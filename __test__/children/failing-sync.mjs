// Writes while syncs work, then while they fail, then after they work again, and says in JSON how it went.
// Usage: node failing-sync.mjs <path> <the file whose existence makes syncs fail>, with the failing sync preloaded;
// with a third argument the last write of each turn is done when it returns

import { existsSync, rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const [path, flag, sync] = process.argv.slice(2);
const store = (await StoreEngine.open(StoreConfig.durable(path))).value();
const short = (result) =>
  result.isOk() ? 'ok' : { code: result.error().codeString(), message: result.error().message };
const put = (key, at, keys) =>
  sync && at === keys.length - 1 ? store.putSync(key, 'value') : store.put(key, 'value');
const putAll = async (...keys) => (await Promise.all(keys.map(put))).map(short);

const said = { before: await putAll('before/1', 'before/2') };
writeFileSync(flag, '');
said.failing = await putAll('doubt/1', 'doubt/2');
said.visible = [...store.keys()];
said.poisoned = store.stats().poisoned;
said.later = await putAll('later/1');
said.reads = store.getString('before/1');
if (existsSync(flag)) {
  said.recoverWhileFailing = short(await store.recover());
  rmSync(flag);
}
// The drive works again, and still nothing is acknowledged before the log was read again.
said.healed = await putAll('later/2');
said.recovered = short(await store.recover());
said.after = await putAll('after/1');
said.keys = [...store.keys()];
said.poisonedAfter = store.stats().poisoned;
console.log(JSON.stringify(said));
(await store.close()).value();
