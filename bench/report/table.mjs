// The tables on the terminal.

import process from 'node:process';
import Table from 'cli-table3';
import { groups } from '../cases/all.mjs';
import { titles } from '../peers/names.mjs';
import { show, times } from './format.mjs';

const order = Object.keys(titles);
const style = process.stdout.isTTY ? {} : { head: [], border: [] };

/** Median, and below it the spread of the rounds; for the others, how many times better this store is. */
function cell(row, peer) {
  const figures = row.peers[peer];
  if (!figures) return '';
  const lines = [show(figures.median, row.unit)];
  if (peer !== 'store') lines[0] += ` (${times(row.ratios[peer].median)})`;
  if (figures.samples.length > 1) {
    lines.push(`${show(figures.min, row.unit)} – ${show(figures.max, row.unit)}`);
  }
  return lines.join('\n');
}

function verdict({ peer, unit, atMost, reached, must, aim, mustHolds, aimHolds }) {
  const sign = atMost ? '≤' : '≥';
  const judged = (holds) => (holds ? 'ok' : 'below');
  const name = titles[peer] ?? peer;
  const figure = (value) => (unit ? show(value, unit) : times(value));
  return (
    `${name} ${figure(reached)}: must ${sign} ${figure(must)} ${judged(mustHolds)}, ` +
    `aim ${sign} ${figure(aim)} ${judged(aimHolds)}`
  );
}

export function groupTable(group, rows) {
  const peers = order.filter((peer) => rows.some((row) => row.peers[peer]));
  const head = [groups[group], ...peers.map((peer) => titles[peer])];
  const table = new Table({ head, style, colAligns: ['left', ...peers.map(() => 'right')] });
  for (const row of rows) table.push([row.title, ...peers.map((peer) => cell(row, peer))]);
  return table.toString();
}

/** Every figure that a target is about, with what it must and is meant to be. */
export function targetTable(rows) {
  const table = new Table({ head: ['Figures to reach', 'reached'], style });
  for (const row of rows) {
    if (row.targets.length > 0) table.push([row.title, row.targets.map(verdict).join('\n')]);
  }
  return table.length > 0 ? table.toString() : undefined;
}
