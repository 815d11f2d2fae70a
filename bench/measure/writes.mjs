// Writes, each case for a fixed time. A write counts once it is acknowledged with the durability of the case.

import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { datasetOf, valueOfSize } from '../data/datasets.mjs';
import { shuffled } from '../data/random.mjs';
import { expect, median } from './clock.mjs';

/** Keys and values made in advance, handed out in turn and from the start again after the last. */
export function supply({ scale, valueBytes, randomKeys }) {
  // Large values: fewer, so that they fit into memory.
  const count = Math.max(1000, Math.min(scale.writeKeys, Math.floor(2 ** 27 / valueBytes)));
  const dataset = datasetOf('synthetic', { entries: count });
  const order = randomKeys ? shuffled(count, 31) : Array.from({ length: count }, (_, at) => at);
  const keys = Array.from(order, (place) => dataset.key(place));
  const values = keys.map((key) => valueOfSize(key, valueBytes));
  let next = 0;
  const take = (size) => {
    if (next + size > count) next = 0;
    next += size;
    return [keys.slice(next - size, next), values.slice(next - size, next)];
  };
  return { count, keys, values, take };
}

function checkWritten(writer, stock, written) {
  if (!writer.get) return;
  for (let at = 0; at < Math.min(written, 1000); at += 1) {
    const key = stock.keys[at];
    expect(writer.get(key) === stock.values[at], `${key} after it was written`);
  }
}

export async function oneByOne({ writer, scale, valueBytes }) {
  const stock = supply({ scale, valueBytes });
  const times = [];
  const run = async (seconds) => {
    const end = performance.now() + seconds * 1000;
    for (let at = 0, begun = performance.now(); begun < end; at = (at + 1) % stock.count) {
      const answer = writer.put(stock.keys[at], stock.values[at]);
      if (answer instanceof Promise) await answer;
      const now = performance.now();
      times.push(now - begun);
      begun = now;
    }
  };
  await run(scale.writeSeconds / 5);
  times.length = 0;
  await run(scale.writeSeconds);
  checkWritten(writer, stock, times.length);
  const total = times.reduce((sum, time) => sum + time, 0);
  return { values: { p50: median(times) * 1000, rate: (times.length / total) * 1000 } };
}

/** Waves of `size` writes: the next starts when every write of the last was acknowledged. */
export async function waves({ writer, scale, valueBytes, randomKeys, how, size }) {
  const stock = supply({ scale, valueBytes, randomKeys });
  const wave = async () => {
    const [keys, values] = stock.take(size);
    await writer[how](keys, values);
  };
  await wave();
  let written = 0;
  const start = performance.now();
  const end = start + scale.writeSeconds * 1000;
  let now = start;
  for (; now < end; now = performance.now()) {
    await wave();
    written += size;
  }
  checkWritten(writer, stock, size);
  return { value: (written / (now - start)) * 1000 };
}

/** Puts and removes the same keys in turn; only the removes are timed. */
export async function removes({ writer, scale, valueBytes, size }) {
  const stock = supply({ scale, valueBytes });
  let removed = 0;
  let time = 0;
  while (time < (scale.writeSeconds * 1000) / 2) {
    const [keys, values] = stock.take(size);
    await writer.puts(keys, values);
    const start = performance.now();
    await writer.removes(keys);
    time += performance.now() - start;
    removed += size;
    if (writer.get) expect(writer.get(keys[0]) === undefined, `${keys[0]} after its removal`);
  }
  return { value: (removed / time) * 1000 };
}

/** How late timers are while `size` puts are always under way. */
export async function loopDelay({ writer, scale, valueBytes, how, size }) {
  const stock = supply({ scale, valueBytes });
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  const load = async (seconds) => {
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      const [keys, values] = stock.take(size);
      await writer[how](keys, values);
      // A competitor that never waits would otherwise never let a timer fire.
      if (how === 'batch') await nextTurn();
    }
  };
  await load(scale.loopSeconds / 5);
  histogram.enable();
  await load(scale.loopSeconds);
  histogram.disable();
  return { values: { p99: histogram.percentile(99) / 1e6, max: histogram.max / 1e6 } };
}
