// From a closed or abandoned database to the first answers, and what this store does until it has everything in memory.

const base = { group: 'opening', unit: 'ms' };

const databases = ['store', 'lmdb', 'level', 'sqlite', 'nodeSqlite'];

const sizes = [
  { id: '1', title: '1 entry', dataset: 'one' },
  { id: '1k', title: '1,000', dataset: 'thousand' },
  { id: '10k', title: '10,000', dataset: 'tenThousand' },
  { id: '100k', title: '100,000', dataset: 'tenth' },
  { id: '1m', title: '1M', dataset: 'synthetic' },
  { id: '10m', title: '10M', dataset: 'ten', huge: true },
];

const states = [
  { id: '', title: 'closed' },
  { id: '-killed', title: 'killed', killed: true },
  { id: '-cold', title: 'closed, cold', cold: true },
];

const opening = (size, state) => ({
  ...base,
  ...size,
  ...state,
  id: `open-${size.id}${state.id}`,
  measure: 'opening',
  peers: databases,
  rows: [
    ['first', 'open, first read'],
    ['loaded', 'load the module, open, first read'],
    ['many', '1,000 reads after that'],
    ['scan', 'first scan of 100 after those'],
  ].map(([id, title]) => ({ id, title: `${size.title}, ${state.title}: ${title}`, unit: 'ms' })),
});

/** What only this store has. */
const own = ({ id, title, dataset, huge }) => [
  {
    ...base,
    id: `replay-${id}`,
    title: `${title}: open with verify: 'first', first read`,
    dataset,
    huge,
    measure: 'replay',
    peers: ['store', 'bare'],
  },
  {
    ...base,
    id: `ready-${id}`,
    dataset,
    huge,
    measure: 'ready',
    peers: ['store'],
    rows: [
      { id: 'time', title: `${title}: until ready`, unit: 'ms' },
      { id: 'processor', title: `${title}: processor time until ready`, unit: 'ms' },
    ],
  },
  {
    ...base,
    id: `hold-${id}`,
    title: `${title}: longest hold of the event loop until ready`,
    dataset,
    huge,
    measure: 'hold',
    peers: ['store'],
  },
  {
    ...base,
    id: `index-${id}`,
    dataset,
    huge,
    measure: 'indexFile',
    peers: ['store'],
    rows: [
      { id: 'bytes', title: `${title}: index file, bytes an entry`, unit: 'B' },
      { id: 'processor', title: `${title}: processor time to write it`, unit: 'ms' },
    ],
  },
];

const meanwhile = {
  ...base,
  id: 'indexing-puts',
  dataset: 'synthetic',
  measure: 'putsMeanwhile',
  peers: ['store', 'unindexed'],
  rows: [
    {
      id: 'rate',
      title: '1,000 outstanding durable puts, index files being written',
      unit: 'per second',
    },
    { id: 'files', title: 'index files written meanwhile', unit: 'files' },
  ],
};

const firstPut = ({ id, title, dataset, huge }) => ({
  ...base,
  id: `first-put-${id}`,
  title: `${title}: load the module, open, one durable put`,
  dataset,
  huge,
  measure: 'firstPut',
  peers: databases,
});

export const openings = [
  ...sizes.flatMap((size) => states.map((state) => opening(size, state))),
  ...sizes.map(firstPut),
  ...sizes.filter(({ id }) => id === '1m' || id === '10m').flatMap(own),
  meanwhile,
];
