// Memory, files and opening.

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
    id: 'reopen',
    title: 'open, to the first answer',
    measure: 'reopen',
    unit: 'ms',
    peers: [...stores, 'bare'],
  },
  {
    ...base,
    id: 'reopen-killed',
    title: 'open after SIGKILL of the writer',
    measure: 'reopen',
    killed: true,
    unit: 'ms',
    peers: [...stores, 'bare'],
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
