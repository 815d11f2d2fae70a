// What is written, durably and buffered.

const stores = ['store', 'lmdb', 'level', 'sqlite'];
/** Without better-sqlite3: it has no writes under way, each is over when the call returns. */
const pipelined = ['store', 'lmdb', 'level', 'fs'];

const base = { unit: 'per second', valueBytes: 100 };
const oneByOne = {
  ...base,
  measure: 'oneByOne',
  oneAtATime: true,
  rows: [
    { id: 'p50', title: 'put, one at a time, p50', unit: 'µs' },
    { id: 'rate', title: 'put, one at a time', unit: 'per second' },
  ],
};
const puts = { ...base, measure: 'waves', how: 'puts', peers: pipelined };
const batches = { ...base, measure: 'waves', how: 'batch', peers: [...stores, 'fs'] };
const number = new Intl.NumberFormat('en-US');

const put = (size) => ({
  ...puts,
  id: `put-${size}`,
  title: `puts, ${number.format(size)} outstanding`,
  size,
  peers: size === 1000 ? [...pipelined, 'bare'] : pipelined,
});

const batch = (size) => ({
  ...batches,
  id: `batch-${size}`,
  title: `batches of ${number.format(size)}`,
  size,
});

/** The order that suits trees least: every write of a wave lands on another page. */
const shuffled = (one) => ({
  ...one,
  id: `${one.id}-random`,
  title: `${one.title}, random keys`,
  randomKeys: true,
  peers: one.peers.filter((peer) => peer !== 'bare'),
});

const durable = [
  { ...oneByOne, id: 'put-1', peers: [...stores, 'fs', 'bare'] },
  ...[10, 100, 1000, 100_000].map(put),
  shuffled(put(1000)),
  shuffled(put(100_000)),
  ...[10, 100, 1000].map(batch),
  shuffled(batch(1000)),
  {
    ...puts,
    id: 'remove-1000',
    title: 'removes, 1,000 outstanding',
    measure: 'removes',
    size: 1000,
  },
  { ...puts, id: 'put-4k', title: '4 KiB puts, 100 outstanding', size: 100, valueBytes: 4096 },
  { ...puts, id: 'put-64k', title: '64 KiB puts, 16 outstanding', size: 16, valueBytes: 65536 },
  {
    ...puts,
    id: 'loop-delay',
    measure: 'loopDelay',
    size: 1000,
    peers: stores,
    rows: [
      { id: 'p99', title: 'event-loop delay, p99', unit: 'ms' },
      { id: 'max', title: 'event-loop delay, longest', unit: 'ms' },
    ],
  },
];

const buffered = [
  { ...oneByOne, id: 'buffered-1', peers: [...stores, 'fs'] },
  { ...put(1000), id: 'buffered-1000', peers: pipelined },
  { ...batch(1000), id: 'buffered-batch' },
];

export const writes = [
  ...durable.map((one) => ({ ...one, group: 'writes', durable: true })),
  ...buffered.map((one) => ({ ...one, group: 'buffered', durable: false })),
];
