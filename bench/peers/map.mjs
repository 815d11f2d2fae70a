// A plain Map of flat strings: the memory of JavaScript itself. It knows no order and keeps nothing.

export function openReader(_folder, { dataset, order }) {
  const map = new Map();
  for (const place of order) map.set(dataset.key(place), dataset.value(place));
  return {
    get: (key) => map.get(key),
    has: (key) => map.has(key),
    many: (keys) => keys.map((key) => map.get(key)),
    size: () => map.size,
    close: () => map.clear(),
  };
}
