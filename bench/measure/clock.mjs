import { performance } from 'node:perf_hooks';

export async function milliseconds(action) {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

export function median(numbers) {
  const sorted = Float64Array.from(numbers).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** A wrong answer makes every figure worthless, so it ends the run. */
export function expect(holds, message) {
  if (!holds) throw new Error(`wrong result: ${message}`);
}
