// The figures that the project set itself: how many times better than a peer a row must at least be (`must`),
// and is meant to be (`aim`). Rows where a time or a size may be a multiple say `atMost`.

const best = ['lmdb', 'level', 'sqlite'];

export const targets = [
  { row: 'get-random', against: ['lmdb'], must: 1.8, aim: 2.5 },
  { row: 'get-random', against: ['map'], must: 0.9, aim: 1.4 },
  { row: 'get-hot', against: ['lmdb'], must: 2, aim: 3 },
  { row: 'get-hot', against: ['map'], must: 0.4, aim: 0.55 },
  { row: 'get-entry', against: ['getString'], atMost: true, must: 1.5, aim: 1.2 },
  { row: 'many-100', against: ['lmdb'], must: 4, aim: 6 },
  { row: 'many-100', against: ['map'], must: 2.5, aim: 3.7 },
  { row: 'get-bytes', against: ['lmdb', 'level', 'sqlite'], must: 1.4, aim: 2 },
  { row: 'get-4k', against: ['lmdb'], must: 1.5, aim: 4 },
  { row: 'scan-entries', against: ['lmdb'], must: 2, aim: 3 },
  { row: 'prefix-100', against: ['lmdb'], must: 1.5, aim: 2.5 },
  { row: 'put-1-p50', against: ['bare'], atMost: true, must: 1.6, aim: 1.25 },
  { row: 'put-1-rate', against: best, must: 1.2, aim: 1.7 },
  { row: 'put-1000', against: ['lmdb'], must: 1.4, aim: 2.2 },
  { row: 'put-1000-random', against: ['lmdb'], must: 1.4, aim: 2.2 },
  { row: 'put-100000', against: ['lmdb'], must: 1, aim: 1.5 },
  { row: 'put-100000-random', against: ['lmdb'], must: 1, aim: 1.5 },
  { row: 'batch-1000', against: best, must: 1.8, aim: 3 },
  { row: 'batch-1000-random', against: best, must: 1.8, aim: 3 },
  { row: 'loop-delay-p99', against: ['lmdb'], atMost: true, must: 1, aim: 0.8 },
  { row: 'reopen', against: ['bare'], atMost: true, must: 6, aim: 3 },
  { row: 'memory', against: ['map'], atMost: true, must: 0.95, aim: 0.75 },
  { row: 'log-size', live: true, must: [2, 16], aim: [1.5, 8] },
];
