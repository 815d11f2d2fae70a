// From samples to figures. A ratio compares samples of the same round and says how many times better this
// store is, whether small or large numbers are good.

import { rowsOf, smallerIsBetter } from '../cases/all.mjs';
import { targets } from '../cases/targets.mjs';
import { median } from '../measure/clock.mjs';

const figures = (samples) => ({
  median: median(samples),
  min: Math.min(...samples),
  max: Math.max(...samples),
  samples,
});

function ratiosOf(peers, unit) {
  const { store, ...others } = peers;
  const ratios = {};
  for (const [peer, { samples }] of Object.entries(others)) {
    const ratio = (ours, theirs) => (smallerIsBetter(unit) ? theirs / ours : ours / theirs);
    ratios[peer] = figures(samples.map((theirs, round) => ratio(store.samples[round], theirs)));
  }
  return ratios;
}

export function summarize(one, samples) {
  const live = samples.store.find((sample) => sample.live)?.live;
  return rowsOf(one).map(({ id, title, unit, pick }) => {
    const peers = Object.fromEntries(
      Object.entries(samples).map(([peer, all]) => [peer, figures(all.map(pick))]),
    );
    const row = { id, title, group: one.group, unit, peers, ratios: ratiosOf(peers, unit), live };
    return { ...row, targets: targets.filter((target) => target.row === id).flatMap(judge(row)) };
  });
}

/** A target that names several peers is about the best of them. */
function judge(row) {
  return (target) => {
    if (target.live) return [judgeBytes(row, target)];
    if (target.own) return [judgeOwn(row, target)];
    const present = target.against.filter((peer) => row.ratios[peer]);
    if (present.length === 0) return [];
    const hardest = present.reduce((one, other) =>
      row.ratios[other].median < row.ratios[one].median ? other : one,
    );
    const better = row.ratios[hardest].median;
    const reached = target.atMost ? 1 / better : better;
    const holds = (limit) => (target.atMost ? reached <= limit : reached >= limit);
    const { must, aim, atMost = false } = target;
    return [
      { peer: hardest, atMost, reached, must, aim, mustHolds: holds(must), aimHolds: holds(aim) },
    ];
  };
}

/** Limits in the unit of the row. */
function judgeOwn(row, { must, aim }) {
  const reached = row.peers.store.median;
  const holds = (limit) => reached <= limit;
  const { unit } = row;
  return {
    peer: 'store',
    atMost: true,
    unit,
    reached,
    must,
    aim,
    mustHolds: holds(must),
    aimHolds: holds(aim),
  };
}

function judgeBytes(row, { must, aim }) {
  const size = row.peers.store.median;
  const limit = ([factor, mebibytes]) => factor * row.live + mebibytes * 2 ** 20;
  return {
    peer: 'live bytes',
    atMost: true,
    reached: size / row.live,
    must: limit(must) / row.live,
    aim: limit(aim) / row.live,
    mustHolds: size <= limit(must),
    aimHolds: size <= limit(aim),
  };
}
