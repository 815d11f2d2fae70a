// What is written, durably and buffered.

const stores = ['store', 'lmdb', 'level', 'sqlite', 'nodeSqlite'];
/** Without the two SQLites: they have no writes under way, each is over when the call returns. */
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
/** Calls that are over when they return. classic-level has none. */
const syncPeers = ['store', 'lmdb', 'sqlite', 'nodeSqlite'];
const syncOneByOne = {
  ...oneByOne,
  sync: true,
  rows: [
    { id: 'p50', title: 'putSync, p50', unit: 'µs' },
    { id: 'rate', title: 'putSync', unit: 'per second' },
  ],
};
const puts = { ...base, measure: 'waves', how: 'puts', peers: pipelined };
const batches = { ...base, measure: 'waves', how: 'batch', peers: [...stores, 'fs'] };
/** What writes besides puts, and reads: SQLite in transactions, the others with many calls outstanding. */
const workload = { ...base, how: 'puts', peers: stores };
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

const syncBatch = (size) => ({
  ...batch(size),
  id: `sync-batch-${size}`,
  title: `batchSync of ${number.format(size)}`,
  sync: true,
  peers: syncPeers,
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
  { ...syncOneByOne, id: 'sync-put', peers: [...syncPeers, 'fs', 'bare'] },
  ...[10, 100, 1000, 100_000].map(put),
  shuffled(put(1000)),
  shuffled(put(100_000)),
  ...[10, 100, 1000].map(batch),
  shuffled(batch(1000)),
  ...[100, 1000].map(syncBatch),
  {
    ...puts,
    id: 'remove-1000',
    title: 'removes, 1,000 outstanding',
    measure: 'removes',
    size: 1000,
  },
  ...[
    [1, 100],
    [4, 100],
    [16, 64],
    [64, 16],
    [256, 4],
  ].map(([kibibytes, size]) => ({
    ...puts,
    id: `put-${kibibytes}k`,
    title: `${kibibytes} KiB puts, ${size} outstanding`,
    size,
    valueBytes: kibibytes * 1024,
  })),
  {
    ...workload,
    id: 'hot-key',
    title: 'updates of one hot key, 100 outstanding',
    measure: 'hotKey',
    size: 100,
  },
  {
    ...workload,
    id: 'mixed',
    title: '95% reads, 5% puts, 50 of them outstanding',
    measure: 'mixed',
    size: 50,
  },
  {
    ...workload,
    id: 'queue-100',
    title: 'a queue, 100 at a time: put, read oldest, remove',
    measure: 'queue',
    size: 100,
  },
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
  { ...syncOneByOne, id: 'buffered-sync-put', peers: [...syncPeers, 'fs'] },
  { ...put(1000), id: 'buffered-1000', peers: pipelined },
  { ...batch(1000), id: 'buffered-batch' },
];

export const writes = [
  ...durable.map((one) => ({ ...one, group: 'writes', durable: true })),
  ...buffered.map((one) => ({ ...one, group: 'buffered', durable: false })),
];
