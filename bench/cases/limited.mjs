// More data than may be in memory: each database is given a tenth of it for what it keeps there itself. What the system
// keeps of the files besides is the same for all.

const part = 0.1;

const limited = ({ id, title, dataset, huge }) => ({
  group: 'limited',
  id: `limit-${id}`,
  dataset,
  huge,
  part,
  measure: 'limited',
  peers: ['store', 'lmdb', 'level', 'sqlite', 'nodeSqlite'],
  rows: [
    { id: 'get', title: `${title}: get, random keys`, unit: 'ns' },
    { id: 'scan', title: `${title}: prefix scan of 100, per entry`, unit: 'ns' },
    {
      id: 'puts',
      title: `${title}: durable puts of random keys, 1,000 outstanding`,
      unit: 'per second',
    },
    { id: 'memory', title: `${title}: memory after that`, unit: 'MB' },
  ],
});

export const limits = [
  limited({ id: '1m', title: '1M', dataset: 'synthetic' }),
  limited({ id: '10m', title: '10M', dataset: 'ten', huge: true }),
];
