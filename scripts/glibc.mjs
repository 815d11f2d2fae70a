// Which glibc an addon needs: the newest version that it asks a symbol of.

import targets from '../lib/native/targets.js';
import { fail } from './run.mjs';

export const newer = (version, other) =>
  version.localeCompare(other, 'en', { numeric: true }) > 0 ? version : other;

/** The version, from the strings of the file for the dynamic linker; nothing for a file that asks for none. */
export function neededGlibc(bytes) {
  const asked = bytes.toString('latin1').matchAll(/\0GLIBC_(\d+(?:\.\d+)+)(?=\0)/g);
  return [...asked].map(([, version]) => version).reduce(newer, '') || undefined;
}

/** Ends the run when an addon that others are given needs a newer glibc than is promised. */
export function refuseNewerGlibc(name, bytes) {
  const needed = neededGlibc(bytes);
  if (needed && newer(needed, targets.OLDEST_GLIBC) !== targets.OLDEST_GLIBC) {
    fail(`the addon of ${name} needs glibc ${needed}, ${targets.OLDEST_GLIBC} is promised`);
  }
}
