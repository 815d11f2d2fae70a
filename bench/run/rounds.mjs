// The order of a run: case by case, in rounds that give each competitor a turn, so that what disturbs the
// machine for a while disturbs all of them.

import { inChild, inKilledChild } from './child.mjs';
import { canForget, forget } from './page-cache.mjs';

/** Who reads what this store has written. */
const ofStore = ['getString', 'bare', 'unindexed', 'idle', 'follower'];
const onDisk = new Set(['store', 'lmdb', 'level', 'sqlite', 'nodeSqlite']);

/** Datasets are loaded once, when the first case asks for them. */
function loader(folders, quick) {
  const loaded = new Map();
  return async function folderOf(dataset, peer) {
    const owner = ofStore.includes(peer) ? 'store' : peer;
    const name = `${dataset}-${owner}`;
    if (!loaded.has(name)) {
      const folder = folders.kept(name);
      if (onDisk.has(owner)) await inChild({ kind: 'load', peer: owner, dataset, folder, quick });
      loaded.set(name, folder);
    }
    return loaded.get(name);
  };
}

export function rounds({ folders, quick, roundsOf, missing }) {
  const folderOf = loader(folders, quick);

  async function measure(one, peer) {
    const job = { kind: 'measure', id: one.id, peer, quick };
    if (!one.dataset) return folders.withFresh((fresh) => inChild({ ...job, folder: fresh }));
    const folder = await folderOf(one.dataset, peer);
    const storeFolder = peer === 'bare' ? folder : undefined;
    if (one.killed && onDisk.has(peer)) {
      await inKilledChild({ kind: 'abandon', peer, dataset: one.dataset, folder, quick });
    }
    if (one.cold) forget(folder);
    return inChild({ ...job, folder, storeFolder });
  }

  /** Samples of each competitor, one per round. */
  return async function run(one, onProgress) {
    const peers = one.peers.filter((peer) => !missing[peer] && !(one.cold && !canForget()));
    const samples = Object.fromEntries(peers.map((peer) => [peer, []]));
    for (let round = 0; round < roundsOf(one.group); round += 1) {
      for (let turn = 0; turn < peers.length; turn += 1) {
        const peer = peers[(turn + round) % peers.length];
        onProgress(one, peer, round);
        samples[peer].push(await measure(one, peer));
      }
    }
    checkSums(one, samples);
    return samples;
  };
}

/** Everyone was asked the same, so everyone must have answered the same. */
function checkSums(one, samples) {
  const sums = Object.entries(samples).map(([peer, all]) => [peer, all[0].sum]);
  const [, first] = sums[0];
  const other = sums.find(([, sum]) => sum !== first);
  if (other) {
    const all = sums.map(([peer, sum]) => `${peer} ${sum}`).join(', ');
    throw new Error(`wrong result: the answers to ${one.id} differ: ${all}`);
  }
}
