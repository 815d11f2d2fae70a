// What a run writes: the figures as JSON, and the charts drawn from that JSON.

import fs from 'node:fs';
import path from 'node:path';
import { bench } from '../run/folders.mjs';
import { chart } from './chart.mjs';

const results = path.join(bench, 'results');
const docs = path.join(bench, '..', 'docs');

const charts = {
  reads: {
    title: 'Reads: longer is faster',
    rows: [
      'get-random',
      'get-hot',
      'get-4k',
      'get-worldly',
      'get-bytes',
      'contains',
      'many-100',
    ].concat(['prefix-100', 'scan-entries', 'cities-get', 'cities-prefix']),
  },
  writes: {
    title: 'Durable writes, acknowledged when on stable storage: longer is faster',
    rows: [
      'put-1-rate',
      'put-100',
      'put-1000',
      'put-1000-random',
      'put-100000',
      'batch-100',
      'batch-1000',
    ].concat(['remove-1000', 'put-4k', 'put-64k']),
  },
};

function write(file, text) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  return path.relative(path.join(bench, '..'), file);
}

function drawn(report, name) {
  const { title, rows } = charts[name];
  const chosen = rows.flatMap((id) => report.rows.filter((row) => row.id === id));
  if (chosen.length === 0) return undefined;
  const { processor, cores, node } = report.machine;
  const note = `Dashed line: the speed of this store. Medians of ${chosen[0].peers.store.samples.length} round(s) on ${cores} cores of ${processor}, Node.js ${node}.`;
  return chart(title, note, chosen);
}

export function save(report, publish) {
  const json = `${JSON.stringify(report, null, 1)}\n`;
  const written = [write(path.join(results, publish ? 'latest.json' : 'run.json'), json)];
  for (const name of Object.keys(charts)) {
    const svg = drawn(report, name);
    const folder = publish ? docs : results;
    if (svg) written.push(write(path.join(folder, `bench-${name}.svg`), svg));
  }
  return written;
}
