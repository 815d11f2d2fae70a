// What one call into native code costs: the raw Node-API calls of the package beside classes of napi-rs, around one engine.

const call = { group: 'binding', measure: 'binding', unit: 'ns', peers: ['store', 'classes'] };

export const binding = [
  { ...call, id: 'call-size', title: 'size(): the call alone', operation: 'size' },
  { ...call, id: 'call-get', title: 'getString of 100 bytes', operation: 'get' },
  { ...call, id: 'call-stage', title: 'staging a put of 100 bytes', operation: 'stage' },
  {
    ...call,
    id: 'call-page',
    title: 'a page of 512, per entry',
    operation: 'page',
    peers: ['store', 'classes', 'packed'],
  },
  {
    ...call,
    id: 'call-snapshot',
    title: 'a snapshot, made and collected',
    operation: 'snapshot',
    peers: ['store', 'classes', 'functions'],
  },
];
