// How long a call keeps everybody else from their turn: the event loop, and a reader on another thread.

const rowsFor = (title, withReader) => [
  { id: 'loop', title: `${title}: event loop`, unit: 'ms' },
  ...(withReader ? [{ id: 'reader', title: `${title}: a reader`, unit: 'ms' }] : []),
];

const stall = (action, title, withReader = true) => ({
  id: `stall-${action}`,
  group: 'stalls',
  measure: 'stalls',
  dataset: 'synthetic',
  peers: ['store'],
  action,
  withReader,
  rows: rowsFor(title, withReader),
});

export const stalls = [
  stall('nothing', 'nothing, for comparison'),
  stall('snapshot', 'snapshot(), and a put after it'),
  stall('stats', 'stats()'),
  stall('page', 'first page of a scan'),
  stall('many', 'getMany of 1,000'),
  stall('put-bytes', 'put of 64 MiB, bytes'),
  stall('put-text', 'put of 64 MiB, ASCII text'),
  stall('put-worldly', 'put of 63 MiB, text beyond ASCII'),
  stall('get-bytes', 'get of 64 MiB, bytes'),
  stall('get-text', 'get of 64 MiB, ASCII text'),
  stall('get-worldly', 'get of 63 MiB, text beyond ASCII'),
  stall('batch', 'batches of 100,000'),
  stall('refused', 'a batch of 100,000 that is refused'),
  // In memory it has no other readers.
  stall('memory-puts', '500,000 puts to a store in memory, one by one', false),
  stall('collect', 'collection of 20,000 snapshots'),
  stall('followers', '10,000 followers and a put'),
  stall('iterations', '5,000 short iterations over the history'),
  stall('history', 'the history of one batch of 100,000'),
  // A reader of its own would keep the store open.
  stall('close', 'close()', false),
];
