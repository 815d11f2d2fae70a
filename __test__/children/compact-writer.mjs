// Compacts its log over and over while it writes, until it is killed, and reports on standard output:
//   compacting          a compaction is in its middle
//   put <task> <n>      counter/<task> = n is acknowledged
// Usage: node compact-writer.mjs <path>

import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { report } from './report.mjs';

const TASKS = 4;
const BASE = 3000;

const config = StoreConfig.durable(process.argv[2], { compaction: false });
const store = (await StoreEngine.open(config)).value();

async function fill() {
  const value = (n) => `${n} `.padEnd(1000, 'x');
  const puts = Array.from({ length: BASE }, (_, n) => store.put(`base/${n}`, value(n)));
  for (const result of await Promise.all(puts)) result.value();
}

async function compact() {
  for (;;) {
    (await store.compact({ onProgress: () => report('compacting') })).value();
  }
}

async function count(task) {
  for (let n = Number(store.getString(`counter/${task}`) ?? 0) + 1; ; n += 1) {
    (await store.put(`counter/${task}`, String(n))).value();
    report(`put ${task} ${n}`);
  }
}

if (store.size() < BASE) await fill();
report('filled');
await Promise.all([compact(), ...Array.from({ length: TASKS }, (_, task) => count(task))]);
