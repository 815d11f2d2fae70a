// What is not a rate: memory, the size of files, and what the bare loop does.

import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { datasetOf } from '../data/datasets.mjs';
import { expect } from './clock.mjs';

const run = promisify(execFile);
const binary = process.platform === 'win32' ? 'bare-loop.exe' : 'bare-loop';
const bareLoop = fileURLToPath(new URL(`../bare-loop/target/release/${binary}`, import.meta.url));

async function bare(...words) {
  const { stdout } = await run(bareLoop, words.map(String));
  return JSON.parse(stdout);
}

/** A record as the store would write it for a key of 15 bytes and a value of 100. */
const RECORD = 150;

export async function bareWrites({ folder, scale, size }) {
  const file = path.join(folder, 'bare.bin');
  const { median, rate } = await bare('write', file, RECORD, size, scale.writeSeconds);
  return size === 1 ? { values: { p50: median, rate } } : { value: rate };
}

async function settledMemory() {
  for (let turn = 0; turn < 4; turn += 1) {
    global.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage().rss;
}

/** Resident memory of the process with all entries, less what it had before. */
export async function memory({ openReader, folder, dataset, order }) {
  const before = await settledMemory();
  const reader = await openReader(folder, { dataset, order });
  // Once in order: whatever is built for scans belongs to the price.
  if (reader.keys) await reader.keys({ prefix: dataset.prefixes()[0] }, () => undefined);
  const after = await settledMemory();
  expect(reader.get(dataset.key(0)) === dataset.value(0), 'the first entry');
  await reader.close();
  return { value: after - before };
}

/** Only reads the store's log and computes a checksum: nothing that recovers can do less. */
export async function bareRead({ storeFolder }) {
  const { milliseconds: time } = await bare('read', path.join(storeFolder, 'store.wal'));
  return { value: time };
}

function sizeOf(folder) {
  const files = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile())
    .reduce(
      (sum, file) => sum + fs.statSync(path.join(file.parentPath ?? file.path, file.name)).size,
      0,
    );
}

/** Bytes on disk after every key was written eleven times, the last ten of them over the first. */
export async function overwrites({ openWriter, folder, scale }) {
  const dataset = datasetOf('synthetic', { entries: scale.overwriteKeys });
  const writer = await openWriter(folder, { durable: true, valueBytes: 100 });
  let live = 0;
  for (let round = 0; round < 11; round += 1) {
    live = 0;
    for (let start = 0; start < dataset.size; start += 1000) {
      const keys = Array.from({ length: 1000 }, (_, at) => dataset.key(start + at));
      const values = keys.map((_, at) => dataset.value(start + at));
      live += keys.reduce((sum, key, at) => sum + key.length + values[at].length, 0);
      await writer.batch(keys, values);
    }
  }
  await writer.close();
  return { value: sizeOf(folder), live };
}
