import { binding } from './binding.mjs';
import { following } from './following.mjs';
import { limits } from './limited.mjs';
import { openings } from './opening.mjs';
import { reads } from './reads.mjs';
import { space } from './space.mjs';
import { stalls } from './stalls.mjs';
import { writes } from './writes.mjs';

export const cases = [
  ...reads,
  ...writes,
  ...space,
  ...openings,
  ...limits,
  ...following,
  ...stalls,
  ...binding,
];

export const groups = {
  reads: 'Reads',
  writes: 'Durable writes',
  buffered: 'Buffered writes',
  space: 'Memory and files',
  opening: 'Opening',
  limited: 'More data than memory',
  following: 'Followers in other processes',
  stalls: 'Longest hold and wait',
  binding: 'Calls into native code',
};

/** Rows of the tables: most cases have one, some measure several things at once. */
export function rowsOf(one) {
  const { id, title, unit } = one;
  if (!one.rows) return [{ id, title, unit, pick: (sample) => sample.value }];
  return one.rows.map((row) => ({
    ...row,
    id: `${id}-${row.id}`,
    pick: (sample) => sample.values[row.id],
  }));
}

export const smallerIsBetter = (unit) => unit !== 'per second';
