// A bar chart as SVG, drawn here: it needs no more than rectangles and text. Bars show speed with this store
// as 1, since the rows are in different units; the labels give the figures.

import { smallerIsBetter } from '../cases/all.mjs';
import { titles } from '../peers/names.mjs';
import { show } from './format.mjs';

const BAR = 13;
const GAP = 14;
const LEFT = 235;
const WIDTH = 460;
const RIGHT = 125;
const TOP = 78;
/** Bars longer than this are cut, and say so. */
const LONGEST = 2.5;

const colors = {
  store: '#2f6fde',
  lmdb: '#d9822b',
  level: '#3a9d6e',
  sqlite: '#9a5fc0',
  map: '#8a8f98',
  fs: '#c0504d',
  bare: '#8a8f98',
};

const sheet = `
text { font: 12px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #1f2328; }
.title { font-size: 16px; font-weight: 600; }
.note, .figure { font-size: 11px; fill: #59636e; }
.line { stroke: #59636e; stroke-dasharray: 3 3; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .note, .figure { fill: #9198a1; }
  .line { stroke: #9198a1; }
}`;

const escaped = (content) =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function label(x, y, content, attributes = '') {
  return `<text x="${x}" y="${y}" ${attributes}>${escaped(content)}</text>`;
}

function bar(row, peer, y) {
  const own = row.peers.store.median;
  const value = row.peers[peer].median;
  const speed = smallerIsBetter(row.unit) ? own / value : value / own;
  const length = Math.max(2, (Math.min(speed, LONGEST) / LONGEST) * WIDTH);
  const cut = speed > LONGEST ? ' →' : '';
  const rectangle =
    `<rect x="${LEFT}" y="${y}" width="${length.toFixed(1)}" height="${BAR - 2}" rx="2" ` +
    `fill="${colors[peer]}"/>`;
  return (
    rectangle + label(LEFT + length + 6, y + BAR - 3, show(value, row.unit) + cut, 'class="figure"')
  );
}

function legend(peers) {
  let x = LEFT;
  return peers.map((peer) => {
    const mark = `<rect x="${x}" y="48" width="11" height="11" rx="2" fill="${colors[peer]}"/>`;
    const drawn = mark + label(x + 16, 58, titles[peer]);
    x += 34 + titles[peer].length * 7;
    return drawn;
  });
}

export function chart(title, note, rows) {
  const peers = Object.keys(colors).filter((peer) => rows.some((row) => row.peers[peer]));
  const parts = [label(16, 26, title, 'class="title"'), ...legend(peers)];
  let y = TOP;
  for (const row of rows) {
    const shown = peers.filter((peer) => row.peers[peer]);
    const middle = y + (shown.length * BAR) / 2 + 3;
    parts.push(label(LEFT - 10, middle, row.title, 'text-anchor="end"'));
    for (const [at, peer] of shown.entries()) parts.push(bar(row, peer, y + at * BAR));
    y += shown.length * BAR + GAP;
  }
  const one = LEFT + WIDTH / LONGEST;
  parts.push(`<line class="line" x1="${one}" x2="${one}" y1="${TOP - 6}" y2="${y - 6}"/>`);
  parts.push(label(16, y + 10, note, 'class="note"'));
  const size = `width="${LEFT + WIDTH + RIGHT}" height="${y + 24}"`;
  const box = `viewBox="0 0 ${LEFT + WIDTH + RIGHT} ${y + 24}"`;
  const opening = `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${box} role="img">`;
  return `${opening}\n<title>${escaped(title)}</title>\n<style>${sheet}\n</style>\n${parts.join('\n')}\n</svg>\n`;
}
