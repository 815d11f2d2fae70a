'use strict';

/** How many batches are looked at together. */
const LOOK = 256;

/** The server does not go on from where the node is. */
class Moved extends Error {
  constructor(reason) {
    super(
      reason === 'behind'
        ? 'the node was away for longer than the server keeps changes'
        : 'the server has lost changes that the node has seen: it was restored from a backup',
    );
    /** 'behind' or 'restored'. */
    this.reason = reason;
  }
}

/** The batches after the one that the node is at. Throws {@link Moved} when the server has another history. */
async function batchesAfter({ server, read, token }) {
  const found = await server.batches(read, LOOK);
  if (read > 0) {
    const here = found.shift();
    if (here?.last !== read) throw new Moved(await whyMissing(server, read, here));
    if (here.token !== token) throw new Moved('restored');
  }
  let position = read;
  for (const { last, operations } of found) {
    if (last - operations !== position) throw new Moved(read === 0 ? 'behind' : 'restored');
    position = last;
  }
  return found;
}

/** Old batches are dropped in their order: one that is missing among others was never written there. */
async function whyMissing(server, read, later) {
  const oldest = await server.oldest();
  return later === undefined || (oldest > 0 && oldest < read) ? 'restored' : 'behind';
}

module.exports = { Moved, batchesAfter };
