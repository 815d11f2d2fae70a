// One process writes, others follow its log.

const base = { group: 'following', dataset: 'synthetic' };

export const following = [
  {
    ...base,
    id: 'follow-puts',
    measure: 'putsFollowed',
    peers: ['store', 'idle'],
    rows: [
      {
        id: 'rate',
        title: '1,000 outstanding durable puts beside 8 followers',
        unit: 'per second',
      },
      { id: 'memory', title: 'resident memory of one of the 8', unit: 'MB' },
    ],
  },
  {
    ...base,
    id: 'follow-delay',
    measure: 'followDelay',
    peers: ['store'],
    rows: [
      { id: 'p50', title: 'behind the acknowledgement, median', unit: 'ms' },
      { id: 'p99', title: 'behind the acknowledgement, 99th percentile', unit: 'ms' },
    ],
  },
  {
    ...base,
    id: 'follow-open',
    measure: 'opening',
    peers: ['store', 'follower'],
    rows: [
      { id: 'first', title: 'open, first read', unit: 'ms' },
      { id: 'many', title: '1,000 reads after that', unit: 'ms' },
    ],
  },
  {
    ...base,
    id: 'follow-get',
    title: 'get, random keys',
    unit: 'ns',
    measure: 'points',
    operation: 'get',
    peers: ['store', 'follower'],
  },
];
