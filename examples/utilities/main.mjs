// A main process writes, two utility processes follow: an application in the manner of Electron, without Electron.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { freshLog, removeLog } from '../support/data.mjs';

const log = freshLog('data/utilities.wal');
const program = fileURLToPath(new URL('utility.mjs', import.meta.url));
const engine = (await StoreEngine.open(StoreConfig.durable(log))).value();
await engine.orThrow.put('settings/theme', 'light');

async function start(prefix) {
  const child = fork(program, [log, prefix]);
  await once(child, 'message');
  return { prefix, child, told: once(child, 'message') };
}

const utilities = await Promise.all(['settings/', 'windows/'].map(start));
await engine.orThrow.put('settings/theme', 'dark');
await engine.orThrow.put('settings/font', 'serif');
await engine.orThrow.remove('settings/font');
await engine.orThrow.put('windows/1', '{"x":10,"y":20}');
for (const { prefix } of utilities) await engine.orThrow.put(`${prefix}done`, 'true');

console.log('== STORE UTILITIES EXAMPLE ==');
for (const { prefix, child, told } of utilities) {
  const [{ seen }] = await told;
  if (child.exitCode === null) await once(child, 'exit');
  const here = Array.from(engine.entries({ prefix }), ([key, { value }]) => `${key}=${value}`);
  const there = seen.map(([key, value]) => `${key}=${value}`).sort();
  console.log(`${there.join(' ')} (as in the main process: ${here.join() === there.join()})`);
}
(await engine.close()).value();
removeLog(log);
