// The figures that the project set itself: how many times better than a peer a row must at least be (`must`),
// and is meant to be (`aim`). Rows where a time or a size may be a multiple say `atMost`;
// those with limits of their own, in the unit of the row, say `own`.

const sqlites = ['sqlite', 'nodeSqlite'];
const asynchronous = ['lmdb', 'level'];
const best = [...asynchronous, 'sqlite'];

export const targets = [
  { row: 'get-random', against: ['lmdb'], must: 1.8, aim: 2.5 },
  { row: 'get-random', against: ['map'], must: 0.9, aim: 1.4 },
  { row: 'get-hot', against: ['lmdb'], must: 2, aim: 3 },
  { row: 'get-hot', against: ['map'], must: 0.4, aim: 0.55 },
  { row: 'get-entry', against: ['getString'], atMost: true, must: 1.5, aim: 1.2 },
  { row: 'many-100', against: ['lmdb'], must: 4, aim: 6 },
  { row: 'many-100', against: ['map'], must: 2.5, aim: 3.7 },
  { row: 'get-bytes', against: ['lmdb', 'level', 'sqlite'], must: 1.4, aim: 2 },
  { row: 'get-4k', against: ['lmdb'], must: 1.5, aim: 3 },
  { row: 'get-4k', against: ['map'], must: 0.3, aim: 0.6 },
  { row: 'scan-entries', against: ['lmdb'], must: 2, aim: 3 },
  { row: 'prefix-100', against: ['lmdb'], must: 2, aim: 3 },
  { row: 'put-1-p50', against: ['bare'], atMost: true, must: 1.5, aim: 1.25 },
  { row: 'put-1-rate', against: best, must: 1.2, aim: 1.7 },
  { row: 'sync-put-p50', against: ['bare'], atMost: true, must: 1.15, aim: 1.05 },
  { row: 'sync-put-rate', against: sqlites, must: 1, aim: 1.15 },
  { row: 'sync-batch-100', against: ['lmdb', ...sqlites], must: 1.2, aim: 2 },
  { row: 'sync-batch-1000', against: ['lmdb', ...sqlites], must: 1.2, aim: 2 },
  { row: 'buffered-sync-put-rate', against: ['lmdb', ...sqlites], must: 1, aim: 2 },
  { row: 'put-1000', against: ['lmdb'], must: 1.6, aim: 2.2 },
  { row: 'put-1000-random', against: ['lmdb'], must: 1.6, aim: 2.2 },
  { row: 'remove-1000', against: ['lmdb'], must: 1.3, aim: 2 },
  { row: 'put-64k', against: ['lmdb'], must: 1, aim: 1.3 },
  // One promise for all of them is lmdb's own favourite.
  { row: 'put-100000', against: ['lmdb'], must: 0.8, aim: 1.2 },
  { row: 'put-100000-random', against: ['lmdb'], must: 1, aim: 1.5 },
  { row: 'batch-100', against: asynchronous, must: 1.5, aim: 2.5 },
  { row: 'batch-1000', against: asynchronous, must: 1.5, aim: 2.5 },
  { row: 'batch-1000-random', against: best, must: 1.8, aim: 3 },
  { row: 'loop-delay-p99', against: ['lmdb'], atMost: true, must: 1, aim: 0.7 },
  { row: 'replay-1m', against: ['bare'], atMost: true, must: 6, aim: 3 },
  { row: 'open-1-loaded', against: ['sqlite'], atMost: true, must: 1, aim: 0.7 },
  { row: 'open-1m-first', against: ['lmdb'], atMost: true, must: 1.5, aim: 0.7 },
  { row: 'open-1m-killed-first', against: ['lmdb'], atMost: true, must: 4, aim: 1.5 },
  { row: 'open-1m-many', own: true, must: 30, aim: 15 },
  { row: 'ready-1m-processor', own: true, must: 500, aim: 300 },
  { row: 'hold-1m', own: true, must: 5, aim: 2 },
  { row: 'index-1m-bytes', own: true, must: 24, aim: 16 },
  { row: 'index-1m-processor', own: true, must: 200, aim: 100 },
  { row: 'indexing-puts-rate', against: ['unindexed'], must: 0.9, aim: 1 },
  { row: 'limit-10m-get', against: ['lmdb'], atMost: true, must: 3, aim: 1.2 },
  { row: 'memory', against: ['map'], atMost: true, must: 0.95, aim: 0.75 },
  { row: 'log-size', live: true, must: [2, 16], aim: [1.5, 8] },
];
