// Single calls into native code. The engine is in memory and small, so that the calls are most of what is measured.

import { setImmediate } from 'node:timers/promises';
import { places } from '../data/random.mjs';
import { openCalls, PAGE } from '../peers/native-calls.mjs';
import { expect, milliseconds } from './clock.mjs';

const ENTRIES = 10_000;
const WAVE = 1000;

const keyOf = (place) => `user:${String(place).padStart(10, '0')}`;
const textOf = (place) => `${place}`.padEnd(100, 'abcdefghij');
const touch = (text) => text.length + text.charCodeAt(text.length >> 1);

/** Flat strings, which neither side has to flatten in its first call. */
const flat = (texts) => texts.map((text) => Buffer.from(text).toString());

function loaded(calls) {
  const all = Array.from({ length: ENTRIES }, (_, place) => place);
  const [keys, values] = [flat(all.map(keyOf)), flat(all.map(textOf))];
  for (const [place, key] of keys.entries()) {
    calls.stage(key, values[place], -1);
    if (place % WAVE === WAVE - 1) calls.commit();
  }
  expect(calls.size() === ENTRIES, 'not all entries are there');
  for (const [place, key] of keys.entries()) expect(calls.get(key) === values[place], key);
  let seen = 0;
  calls.page((key, value) => {
    expect(key === keys[seen] && value === values[seen], key);
    seen += 1;
  });
  expect(seen === PAGE, 'the page is not full');
  return { keys, values };
}

const loops = {
  size(calls, { count }) {
    let sum = 0;
    for (let n = 0; n < count; n += 1) sum += calls.size();
    return sum;
  },
  get(calls, { asked }) {
    let sum = 0;
    for (const key of asked) sum += touch(calls.get(key));
    return sum;
  },
  page(calls, { count }) {
    let sum = 0;
    for (let n = 0; n < count; n += PAGE) {
      calls.page((key, value, version) => {
        sum += touch(key) + touch(value) + version;
      });
    }
    return sum;
  },
};

/** What the commits take is not counted. */
async function stage(calls, { asked, values }) {
  let [sum, time] = [0, 0];
  for (let start = 0; start < asked.length; start += WAVE) {
    const keys = asked.slice(start, start + WAVE);
    time += await milliseconds(() => {
      for (const [at, key] of keys.entries()) sum += calls.stage(key, values[at], -1) + 1;
    });
    calls.commit();
  }
  return { sum, time };
}

/** With the collection, because half of what an object with a finalizer costs comes then. */
async function snapshot(calls, { snapshots }) {
  let sum = 0;
  const time = await milliseconds(async () => {
    for (let n = 0; n < snapshots; n += 1) {
      sum += calls.sizeOf(calls.snapshot());
      if (n % WAVE === 0) await setImmediate();
    }
    global.gc();
    await setImmediate();
  });
  return { sum, time };
}

async function once(calls, operation, work) {
  if (operation === 'stage') return stage(calls, work);
  if (operation === 'snapshot') return snapshot(calls, work);
  let sum = 0;
  const time = await milliseconds(() => {
    sum = loops[operation](calls, work);
  });
  return { sum, time };
}

export async function binding({ peer, scale, operation }) {
  const calls = openCalls(peer);
  const { keys, values } = loaded(calls);
  const work = (count, seed) => {
    const asked = Array.from(places(ENTRIES, count, seed), (place) => keys[place]);
    return { count, asked, values, snapshots: count / 10 };
  };
  await once(calls, operation, work(scale.warmUp, 12));
  const timed = work(scale.operations, 11);
  const { sum, time } = await once(calls, operation, timed);
  const pages = Math.ceil(timed.count / PAGE) * PAGE;
  const done = { snapshot: timed.snapshots, page: pages }[operation] ?? timed.count;
  return { value: (time * 1e6) / done, sum };
}
