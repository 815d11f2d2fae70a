// Opening, in a fresh process: until the first answers, and until this store has everything in memory.

import fs from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { generator, shuffled } from '../data/random.mjs';
import { expect, milliseconds } from './clock.mjs';
import { longestHold } from './stalls.mjs';

const READS = 1000;

/** `module` is loaded here, because that is part of what is measured. */
export async function opening({ module, folder, dataset }) {
  const random = generator(11);
  const places = Array.from({ length: READS }, () => random(dataset.size));
  const keys = places.map((place) => dataset.key(place));
  const values = new Array(READS);
  const last = dataset.key(dataset.size - 1);
  const [prefix] = dataset.prefixes();
  const times = [performance.now()];
  const { openReader } = await import(module);
  times.push(performance.now());
  const reader = await openReader(folder);
  const found = reader.get(last);
  times.push(performance.now());
  for (let at = 0; at < READS; at += 1) values[at] = reader.get(keys[at]);
  times.push(performance.now());
  let scanned = 0;
  await reader.scan({ prefix }, () => {
    scanned += 1;
  });
  times.push(performance.now());
  expect(found === dataset.value(dataset.size - 1), 'the last entry');
  expect(
    values.every((value, at) => value === dataset.value(places[at])),
    'the reads',
  );
  expect(scanned === Math.min(100, dataset.size), `a scan of ${scanned}`);
  await reader.close();
  const [begun, loaded, first, many, scan] = times;
  return {
    values: {
      first: first - loaded,
      loaded: first - begun,
      many: many - first,
      scan: scan - many,
    },
  };
}

/** Loads the module, opens, writes one entry durably. */
export async function firstPut({ module, folder, dataset }) {
  const [key, value] = [dataset.key(0), dataset.value(0)];
  let writer;
  const time = await milliseconds(async () => {
    const { openWriter } = await import(module);
    writer = await openWriter(folder, { durable: true, oneAtATime: true, valueBytes: 100 });
    await writer.put(key, value);
  });
  expect(writer.get(key) === value, 'the entry that was written');
  await writer.close();
  return { value: time };
}

/** Opens when the whole log was replayed and found sound. */
export async function replay({ openVerified, folder, dataset }) {
  const key = dataset.key(dataset.size - 1);
  let reader;
  let found;
  const time = await milliseconds(async () => {
    reader = await openVerified(folder);
    found = reader.get(key);
  });
  expect(found === dataset.value(dataset.size - 1), 'the last entry');
  await reader.close();
  return { value: time };
}

const processor = (since) => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
};

export async function ready({ openEngine, folder }) {
  const used = process.cpuUsage();
  let engine;
  const time = await milliseconds(async () => {
    engine = await openEngine(folder);
    expect(engine.recoveryReport().indexedSequence > 0, 'opened without an index file');
    (await engine.ready()).value();
  });
  const values = { time, processor: processor(used) };
  (await engine.close()).value();
  return { values };
}

export async function hold({ openEngine, folder }) {
  let engine;
  const value = await longestHold(async () => {
    engine = await openEngine(folder);
    (await engine.ready()).value();
  });
  (await engine.close()).value();
  return { value };
}

/** A close writes the index file of a log that has lost it; what else that close does is counted too. */
export async function indexFile({ openEngine, folder, dataset }) {
  const file = path.join(folder, 'store.wal.index');
  fs.rmSync(file);
  const engine = await openEngine(folder, { verify: 'first' });
  const used = process.cpuUsage();
  (await engine.close()).value();
  return { values: { processor: processor(used), bytes: fs.statSync(file).size / dataset.size } };
}

/**
 * Durable puts of random keys while index files are written as they become due, and while none can be: a folder has the
 * name of the file.
 */
export async function putsMeanwhile({ openEngine, folder, dataset, scale, peer }) {
  const copy = fs.mkdtempSync(path.join(path.dirname(folder), 'puts-'));
  try {
    fs.copyFileSync(path.join(folder, 'store.wal'), path.join(copy, 'store.wal'));
    const index = path.join(copy, 'store.wal.index');
    if (peer === 'unindexed') fs.mkdirSync(index);
    else fs.copyFileSync(path.join(folder, 'store.wal.index'), index);
    return await putFor(scale.writeSeconds * 3000, copy, { openEngine, dataset });
  } finally {
    fs.rmSync(copy, { recursive: true, force: true });
  }
}

export async function putFor(time, folder, { openEngine, dataset }) {
  const size = Math.min(dataset.size, 100_000);
  const order = shuffled(dataset.size, 31).subarray(0, size);
  const keys = Array.from(order, (place) => dataset.key(place));
  const values = Array.from(order, (place) => dataset.value(place));
  const engine = await openEngine(folder, undefined, { compaction: false });
  (await engine.ready()).value();
  let [written, files, indexed] = [0, 0, engine.stats().indexedSequence];
  const begun = performance.now();
  while (performance.now() - begun < time) {
    const from = written % size;
    const puts = Array.from({ length: 1000 }, (_, at) =>
      engine.put(keys[from + at], values[from + at]),
    );
    for (const result of await Promise.all(puts)) result.value();
    written += 1000;
    const { indexedSequence } = engine.stats();
    if (indexedSequence !== indexed) files += 1;
    indexed = indexedSequence;
  }
  const rate = (written / (performance.now() - begun)) * 1000;
  (await engine.close()).value();
  return { values: { rate, files }, written };
}
