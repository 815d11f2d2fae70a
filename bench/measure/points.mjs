// Reads of single keys. Every answer is used, so that none can be left out by the compiler, and the sums are
// compared between the competitors.

import { places } from '../data/random.mjs';
import { expect, milliseconds } from './clock.mjs';

const touch = (text) => text.length + text.charCodeAt(text.length >> 1);

const loops = {
  get({ get }, keys) {
    let sum = 0;
    for (const key of keys) sum += touch(get(key));
    return sum;
  },
  entry({ entry }, keys) {
    let sum = 0;
    for (const key of keys) sum += touch(entry(key));
    return sum;
  },
  missing({ get }, keys) {
    let sum = 0;
    for (const key of keys) sum += get(key) === undefined ? 1 : 0;
    expect(sum === keys.length, 'a missing key was found');
    return sum;
  },
  has({ has }, keys) {
    let sum = 0;
    for (const key of keys) sum += has(key) ? 1 : 0;
    expect(sum === keys.length, 'a stored key was not found');
    return sum;
  },
  bytes({ bytes }, keys) {
    let sum = 0;
    for (const key of keys) {
      const found = bytes(key);
      sum += found.length + found[found.length >> 1];
    }
    return sum;
  },
};

function lookUps(dataset, count, seed, missing) {
  const make = missing ? dataset.missing : dataset.key;
  return Array.from(places(dataset.size, count, seed), (place) => make(place));
}

/** Some values, in full, before anything is timed. */
export function checkValues(reader, dataset) {
  for (const place of places(dataset.size, 1000, 99)) {
    const key = dataset.key(place);
    const value = dataset.value(place);
    if (reader.get) expect(reader.get(key) === value, key);
    if (reader.entry) expect(reader.entry(key) === value, key);
    if (reader.bytes) expect(reader.bytes(key).equals(Buffer.from(value)), key);
    if (reader.has) expect(reader.has(key) && !reader.has(dataset.missing(place)), key);
  }
}

export async function points({ reader, dataset, scale, operation, hot }) {
  const loop = loops[operation];
  const distinct = hot ? scale.hotKeys : scale.operations;
  const keys = lookUps(dataset, distinct, 11, operation === 'missing');
  // Other strings than those timed: a string keeps its hash after the first look into a Map.
  loop(reader, lookUps(dataset, scale.warmUp, 12, operation === 'missing'));
  if (hot) loop(reader, keys);
  const passes = Math.ceil(scale.operations / distinct);
  let sum = 0;
  const time = await milliseconds(() => {
    for (let pass = 0; pass < passes; pass += 1) sum += loop(reader, keys);
  });
  return { value: (time * 1e6) / (passes * distinct), sum };
}

export async function many({ reader, dataset, scale, size }) {
  const calls = Math.floor(scale.operations / size);
  const groupsOf = (seed) => {
    const keys = lookUps(dataset, calls * size, seed);
    return Array.from({ length: calls }, (_, at) => keys.slice(at * size, (at + 1) * size));
  };
  await readGroups(reader, groupsOf(12));
  const groups = groupsOf(11);
  let sum = 0;
  const time = await milliseconds(async () => {
    sum = await readGroups(reader, groups);
  });
  return { value: (time * 1e6) / (calls * size), sum };
}

async function readGroups({ many: read }, groups) {
  let sum = 0;
  for (const group of groups) {
    const answer = read(group);
    // Waiting for what is there already would cost those who answer at once.
    const values = Array.isArray(answer) ? answer : await answer;
    for (const value of values) sum += touch(value);
  }
  return sum;
}
