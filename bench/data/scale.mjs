// How much is measured. `--quick` shows that everything works; its figures say little.

const full = {
  entries: 1_000_000,
  large: 20_000,
  worldly: 100_000,
  cities: Number.POSITIVE_INFINITY,
  /** Point operations that are timed, and that run before. */
  operations: 500_000,
  warmUp: 300_000,
  hotKeys: 10_000,
  /** Ranges of 100 entries that are timed. */
  ranges: 3_000,
  fullScans: 2,
  /** Keys that the write cases write in turn, and for how long. */
  writeKeys: 100_000,
  writeSeconds: 1.5,
  loopSeconds: 3,
  overwriteKeys: 100_000,
};

const quick = {
  ...full,
  entries: 100_000,
  large: 4_000,
  worldly: 20_000,
  operations: 100_000,
  warmUp: 50_000,
  ranges: 500,
  fullScans: 1,
  writeSeconds: 0.3,
  loopSeconds: 0.7,
  overwriteKeys: 10_000,
};

export const scaleOf = (isQuick) => (isQuick ? quick : full);
