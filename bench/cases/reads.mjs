// What is read. `operation`, `kind` and the like belong to the function in measure/ that `measure` names.

const everyone = ['store', 'lmdb', 'level', 'sqlite', 'map'];
const ordered = ['store', 'lmdb', 'level', 'sqlite'];

const base = { group: 'reads', unit: 'ns', peers: everyone };
const point = { ...base, measure: 'points', dataset: 'synthetic', operation: 'get' };
const scan = { ...base, measure: 'scans', dataset: 'synthetic', peers: ordered };

const synthetic = [
  { ...point, id: 'get-random', title: 'get, random keys' },
  { ...point, id: 'get-hot', title: 'get, 10k hot keys', hot: true },
  { ...point, id: 'get-missing', title: 'get, missing keys', operation: 'missing' },
  { ...point, id: 'contains', title: 'contains, random keys', operation: 'has' },
  {
    ...point,
    id: 'get-entry',
    title: 'get as Result<Entry>',
    operation: 'entry',
    peers: ['store', 'getString'],
  },
  {
    ...point,
    id: 'get-bytes',
    title: 'get as bytes',
    operation: 'bytes',
    peers: ordered,
  },
  ...[10, 100, 1000].map((size) => ({
    ...point,
    id: `many-${size}`,
    title: `getMany of ${size}, per key`,
    measure: 'many',
    size,
  })),
  { ...scan, id: 'prefix-100', title: 'prefix scan of 100, per entry', kind: 'prefix' },
  { ...scan, id: 'range-100', title: 'range scan of 100, per entry', kind: 'range' },
  { ...scan, id: 'scan-entries', title: 'full ordered scan, per entry', kind: 'all' },
  { ...scan, id: 'scan-keys', title: 'full scan of keys, per key', kind: 'all', keysOnly: true },
];

const others = [
  { ...point, id: 'get-4k', title: 'get, values of 4 KiB', dataset: 'large' },
  { ...point, id: 'get-worldly', title: 'get, values beyond ASCII', dataset: 'worldly' },
  { ...point, id: 'cities-get', title: 'cities: get', dataset: 'cities' },
  {
    ...scan,
    id: 'cities-prefix',
    title: 'cities: by country, per entry',
    dataset: 'cities',
    kind: 'prefix',
    everyPrefix: true,
  },
  {
    ...scan,
    id: 'cities-scan',
    title: 'cities: full scan, per entry',
    dataset: 'cities',
    kind: 'all',
  },
];

export const reads = [...synthetic, ...others];
