// Reads of many keys in their order.

import { flat, places, shuffled } from '../data/random.mjs';
import { expect, milliseconds } from './clock.mjs';

/** Visits the ranges one after another; keys must come in order within each. */
async function visitAll(reader, ranges, keysOnly) {
  let entries = 0;
  let sum = 0;
  const visitKey = (key) => {
    entries += 1;
    sum += key.length + key.charCodeAt(key.length - 1);
  };
  const visitEntry = (key, value) => {
    visitKey(key);
    sum += value.length + value.charCodeAt(value.length >> 1);
  };
  for (const range of ranges) {
    const answer = keysOnly ? reader.keys(range, visitKey) : reader.scan(range, visitEntry);
    if (answer !== undefined) await answer;
  }
  return { entries, sum };
}

async function checkOrder(reader, dataset) {
  let last = '';
  let seen = 0;
  await reader.keys({}, (key) => {
    // All keys are ASCII, where the order of JavaScript is that of the bytes.
    if (key <= last) throw new Error(`wrong result: ${key} came after ${last}`);
    last = key;
    seen += 1;
  });
  expect(seen === dataset.size, `${seen} keys of ${dataset.size}`);
}

function rangesOf(dataset, kind, count) {
  if (kind === 'all') return Array.from({ length: count }, () => ({}));
  const prefixes = dataset.prefixes();
  if (kind === 'prefix') {
    return Array.from(places(prefixes.length, count, 21), (at) => ({ prefix: prefixes[at] }));
  }
  const order = Array.from(shuffled(dataset.size - 100, 22).subarray(0, count));
  return order.map((place) => ({ gte: dataset.key(place), lt: flat(dataset.key(place + 100)) }));
}

export async function scans({ reader, dataset, scale, kind, keysOnly, everyPrefix }) {
  await checkOrder(reader, dataset);
  const few = everyPrefix ? dataset.prefixes().length * 3 : scale.ranges;
  const ranges = rangesOf(dataset, kind, kind === 'all' ? scale.fullScans : few);
  await visitAll(reader, ranges.slice(0, Math.ceil(ranges.length / 4)), keysOnly);
  let result;
  const time = await milliseconds(async () => {
    result = await visitAll(reader, ranges, keysOnly);
  });
  return { value: (time * 1e6) / result.entries, sum: result.sum };
}
