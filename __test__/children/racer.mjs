// Races for logs: for each line of standard input, a path, it tries to open that log, writes once if it won, and says in
// JSON how it went. An empty line lets go of the log. Usage: node racer.mjs <name>

import process from 'node:process';
import { createInterface } from 'node:readline';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
let store;
for await (const line of createInterface({ input: process.stdin })) {
  if (line === '') {
    if (store) (await store.close()).value();
    store = undefined;
    say({ closed: true });
    continue;
  }
  const opened = await StoreEngine.open(StoreConfig.durable(line));
  if (opened.isOk()) {
    store = opened.value();
    const put = await store.put('winner', process.argv[2]);
    say({ won: true, version: put.value().version });
  } else {
    const { message } = opened.error();
    say({ won: false, code: opened.error().codeString(), message });
  }
}
