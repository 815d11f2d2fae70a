// What entries took in memory is given back when they go, whichever of them stay.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStore, must } from './helpers.mjs';

const COUNT = 200_000;
const STEP = 10_000;
const MIB = 1024 * 1024;

const keyOf = (n) => `key:${String(n).padStart(11, '0')}`;

async function write(store, numbers, operationOf) {
  for (let from = 0; from < numbers.length; from += STEP) {
    must(await store.batch(numbers.slice(from, from + STEP).map(operationOf)));
  }
}

function assertSmall(store, history) {
  const { entries, liveBytes, memoryBytes } = store.stats();
  const most = 3 * (liveBytes + 40 * entries) + 12 * MIB;
  assert.ok(memoryBytes <= most, `${history}: ${memoryBytes} bytes for ${liveBytes} live ones`);
  assert.ok(memoryBytes >= liveBytes, `${history}: no less than what is live`);
}

const survivors = {
  'one in a hundred': (n) => (n * 7919) % 100 === 0,
  'every eighth': (n) => n % 8 === 0,
  'one for each chunk of records': (n) => n % 1820 === 5,
  'the last thousand': (n) => n >= COUNT - 1000,
  none: () => false,
};

for (const [name, survives] of Object.entries(survivors)) {
  test(`memory is given back when ${name} of the entries stay`, async (t) => {
    const store = memoryStore(t);
    const all = Array.from({ length: COUNT }, (_, n) => n);
    const put = (n) => ({ type: 'put', key: keyOf(n), value: 'v'.repeat(n % 200) });
    await write(store, all, put);
    assertSmall(store, 'filled');
    const gone = all.filter((n) => !survives(n));
    await write(store, gone, (n) => ({ type: 'remove', key: keyOf((n * 7919) % COUNT) }));
    assertSmall(store, 'removed in another order');
    await write(store, gone, (n) => ({ type: 'remove', key: keyOf(n) }));
    assertSmall(store, 'removed');
    await write(store, all, put);
    await write(store, all, (n) => ({ type: 'put', key: keyOf(n), value: 'w' }));
    assertSmall(store, 'overwritten by short values');
    assert.equal(store.getString(keyOf(COUNT - 1)), 'w');
    assert.equal(store.size(), COUNT);
  });
}
