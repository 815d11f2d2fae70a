// Writes from many tasks at once until it is killed, and reports each acknowledgement as a line on standard output.
// Usage: node kill-writer.mjs <path> <name of the round> <durable or fast> [sync]; then puts and batches are done when they return
//
// Each of the tasks counts up, and the numbers say what must be found later:
//   put <task> <n>       counter/<task> = n
//   batch <task> <n>     pair/<task>/a..e = n, in one batch
//   remove <task> <n>    item/<round>/<task>/<n> was put and then removed
//   keep <task> <n>      item/<round>/<task>/<n> was put

import process from 'node:process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Operation, StoreConfig, StoreEngine } from '@softadastra/store';
import { report } from './report.mjs';

const [path, round, kind, sync] = process.argv.slice(2);
const TASKS = 8;
const MEMBERS = ['a', 'b', 'c', 'd', 'e'];

const store = (await StoreEngine.open(StoreConfig[kind](path))).value();

const numberAt = (key) => Number(store.getString(key) ?? 0);
const padding = (n) => 'x'.repeat((n * 37) % 400);

async function write(name, ...args) {
  if (sync) {
    store[`${name}Sync`](...args).value();
  } else {
    (await store[name](...args)).value();
  }
}

async function count(task) {
  for (let n = numberAt(`counter/${task}`) + 1; ; n += 1) {
    await write('put', `counter/${task}`, String(n));
    report(`put ${task} ${n}`);
    if (sync) await nextTurn();
  }
}

async function pair(task) {
  for (let n = numberAt(`pair/${task}/a`) + 1; ; n += 1) {
    const operations = MEMBERS.map((member) => Operation.put(`pair/${task}/${member}`, String(n)));
    await write('batch', operations);
    report(`batch ${task} ${n}`);
    if (sync) await nextTurn();
  }
}

async function items(task) {
  for (let n = 1; ; n += 1) {
    const key = `item/${round}/${task}/${n}`;
    const puts = [store.put(key, `${key}${padding(n)}`)];
    if (n % 3 === 0) puts.push(store.remove(key));
    for (const result of await Promise.all(puts)) result.value();
    report(`${n % 3 === 0 ? 'remove' : 'keep'} ${task} ${n}`);
  }
}

const tasks = Array.from({ length: TASKS }, (_, task) => [count(task), pair(task), items(task)]);
await Promise.all(tasks.flat());
