// Reads, scans and writes of a database that may keep a part of itself in memory.

import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { generator, places } from '../data/random.mjs';
import { expect, milliseconds } from './clock.mjs';

const READS = 200_000;
const RANGES = 2_000;
const WAVE = 1000;

/** `limit` is in bytes. */
export async function limited({ openReader, openWriter, folder, dataset, scale, limit }) {
  const reader = await openReader(folder, { limit });
  const get = await timeOfGets(reader, dataset);
  const scan = await timeOfScans(reader, dataset);
  await reader.close();
  const writer = await openWriter(folder, { durable: true, valueBytes: 100, limit });
  const puts = await rateOfPuts(writer, dataset, scale.writeSeconds * 2000);
  const memory = process.memoryUsage().rss / 1e6;
  await writer.close();
  return { values: { get, scan, puts, memory } };
}

async function timeOfGets(reader, dataset) {
  const keysOf = (seed) =>
    Array.from(places(dataset.size, Math.min(READS, dataset.size), seed), dataset.key);
  const read = (asked) => asked.reduce((bytes, key) => bytes + reader.get(key).length, 0);
  read(keysOf(12));
  const keys = keysOf(11);
  let sum = 0;
  const time = await milliseconds(() => {
    sum = read(keys);
  });
  expect(sum === keys.length * dataset.value(0).length, 'the values');
  return (time * 1e6) / keys.length;
}

async function timeOfScans(reader, dataset) {
  const prefixes = dataset.prefixes();
  const ranges = Array.from(places(prefixes.length, RANGES, 21), (at) => prefixes[at]);
  let seen = 0;
  const time = await milliseconds(async () => {
    for (const prefix of ranges) {
      await reader.scan({ prefix }, () => {
        seen += 1;
      });
    }
  });
  expect(seen === RANGES * 100, `${seen} entries of ${RANGES} ranges`);
  return (time * 1e6) / seen;
}

/** Every entry is written as it is. */
async function rateOfPuts(writer, dataset, time) {
  const random = generator(31);
  const wave = async () => {
    const chosen = Array.from({ length: WAVE }, () => random(dataset.size));
    const write = writer.puts ?? writer.batch;
    await write(chosen.map(dataset.key), chosen.map(dataset.value));
  };
  await wave();
  let written = 0;
  const begun = performance.now();
  let now = begun;
  for (; now - begun < time; now = performance.now()) {
    await wave();
    written += WAVE;
  }
  return (written / (now - begun)) * 1000;
}
