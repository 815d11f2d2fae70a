// Memory and files.

const stores = ['store', 'lmdb', 'level', 'sqlite'];
const base = { group: 'space', dataset: 'synthetic', unit: 'bytes' };

export const space = [
  {
    ...base,
    id: 'memory',
    title: 'memory with all entries',
    measure: 'memory',
    peers: [...stores, 'map'],
  },
  {
    ...base,
    id: 'log-size',
    title: 'files after ten overwrites',
    measure: 'overwrites',
    dataset: undefined,
    peers: stores,
  },
];
