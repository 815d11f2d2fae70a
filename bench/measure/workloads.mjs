// What programs do with a store besides writing keys in turn. Each wave starts when the last was acknowledged.

import { performance } from 'node:perf_hooks';
import { generator } from '../data/random.mjs';
import { expect } from './clock.mjs';
import { supply } from './writes.mjs';

/** Runs waves for as long as a case of writes takes; a wave gives how many operations it was. */
async function perSecond(scale, wave) {
  await wave();
  let done = 0;
  const start = performance.now();
  const end = start + scale.writeSeconds * 1000;
  let now = start;
  for (; now < end; now = performance.now()) done += await wave();
  return { value: (done / (now - start)) * 1000 };
}

/** Puts of one key, `size` of them outstanding. */
export async function hotKey({ writer, scale, valueBytes, how, size }) {
  const stock = supply({ scale, valueBytes });
  const keys = new Array(size).fill(stock.keys[0]);
  let last;
  const sample = await perSecond(scale, async () => {
    const [, values] = stock.take(size);
    await writer[how](keys, values);
    last = values.at(-1);
    return size;
  });
  expect(writer.get(keys[0]) === last, `${keys[0]} has another value than the last one written`);
  return sample;
}

/** Nineteen reads of random keys for each of `size` outstanding puts of random keys. */
export async function mixed({ writer, scale, valueBytes, how, size }) {
  const stock = supply({ scale, valueBytes });
  const random = generator(13);
  const pick = () => random(stock.count);
  for (let at = 0; at < stock.count; at += 10_000) {
    const part = [stock.keys.slice(at, at + 10_000), stock.values.slice(at, at + 10_000)];
    await writer.batch(...part);
  }
  return perSecond(scale, async () => {
    const places = Array.from({ length: size }, pick);
    const written = writer[how](
      places.map((place) => stock.keys[place]),
      places.map((place) => stock.values[place]),
    );
    for (let read = 0; read < size * 19; read += 1) {
      const place = pick();
      const found = writer.get(stock.keys[place]);
      if (found !== stock.values[place]) expect(false, `${stock.keys[place]} in a mix`);
    }
    await written;
    return size * 20;
  });
}

/** Puts `size` at the end, reads the oldest ones and removes them. */
export async function queue({ writer, scale, valueBytes, how, size }) {
  const stock = supply({ scale, valueBytes });
  return perSecond(scale, async () => {
    const [keys, values] = stock.take(size);
    await writer[how](keys, values);
    const oldest = await writer.oldest(size);
    expect(oldest.length === size && oldest[0] === keys[0], 'the oldest of a queue');
    const found = oldest.map((key) => writer.get(key));
    expect(found[0] === values[0], 'the value of the oldest');
    await writer.removes(oldest);
    return size;
  });
}
