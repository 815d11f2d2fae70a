// What a watch tells.

import assert from 'node:assert/strict';

/** The changes up to the one with this version. */
export async function until(watch, version) {
  const changes = [];
  for (;;) {
    const { done, value } = await watch.next();
    assert.equal(done, false);
    changes.push(value);
    if (value.version >= version) return changes;
  }
}

export const plain = ({ type, key, value, version }) => [type, key, value?.toString(), version];

/** What someone has who applies the changes in their order. */
export function applied(changes, entries = new Map()) {
  let last = 0;
  for (const { type, key, value, version } of changes) {
    assert.ok(version > last, 'each once and in order');
    last = version;
    if (type === 'put') entries.set(key, [key, value.toString(), version]);
    else entries.delete(key);
  }
  return [...entries.values()].sort(([a], [b]) => (a < b ? -1 : 1));
}
