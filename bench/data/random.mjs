// Every competitor gets the same keys in the same order, in every round and on every machine.

/** A small generator (xorshift32) of whole numbers below `bound`. */
export function generator(seed) {
  let state = (seed * 0x9e3779b1) >>> 0 || 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 2 ** 32) * bound);
  };
}

/** The numbers below `length`, shuffled. */
export function shuffled(length, seed) {
  const random = generator(seed);
  const order = Uint32Array.from({ length }, (_, place) => place);
  for (let place = length - 1; place > 0; place -= 1) {
    const other = random(place + 1);
    const kept = order[place];
    order[place] = order[other];
    order[other] = kept;
  }
  return order;
}

/** `count` places below `length`, no place twice before every place was taken once. */
export function places(length, count, seed) {
  const order = shuffled(length, seed);
  return Uint32Array.from({ length: count }, (_, at) => order[at % length]);
}

/**
 * The same text in one piece of memory of its own. Concatenation and `slice` make strings that point into
 * others, which V8 puts together on the first use: that would be measured instead of the store.
 */
export function flat(text) {
  return Buffer.from(text, 'utf8').toString('utf8');
}
