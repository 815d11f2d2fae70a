// The first page keeps its word: the first program runs as it stands, the figures are those of the published run.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { folder } from './folders.mjs';
import { root, run } from './packed.mjs';

const readme = readFileSync(path.join(root, 'README.md'), 'utf8');

/** An empty folder where the package is installed. */
function project() {
  const dir = folder();
  mkdirSync(path.join(dir, 'node_modules', '@softadastra'), { recursive: true });
  symlinkSync(root, path.join(dir, 'node_modules', '@softadastra', 'store'), 'junction');
  return dir;
}

test('the first program of the README runs in an empty folder, and its data outlives it', () => {
  const dir = project();
  const [, program] = /^```js\n(.*?)^```$/ms.exec(readme);
  assert.equal(program.trimEnd().split('\n').length, 10);
  writeFileSync(path.join(dir, 'app.mjs'), program);
  for (const version of [1, 2]) {
    const { stdout, stderr, status } = run(process.execPath, ['app.mjs'], { cwd: dir });
    assert.deepEqual(
      { stdout, stderr, status },
      {
        stdout: `Ada\nuser:1 Ada ${version}\n`,
        stderr: '',
        status: 0,
      },
    );
  }
});

const published = JSON.parse(readFileSync(path.join(root, 'bench/results/latest.json'), 'utf8'));
const measured = (id) => published.rows.find((one) => one.id === id);

/** The rows of the table of figures, and what they are in the published run. */
const rows = {
  'a random read': 'get-random',
  'one entry of a full scan': 'scan-entries',
  'durable puts a second, 100 outstanding': 'put-100',
  'durable puts a second, one at a time': 'put-1-rate',
  'durable puts a second, in batches of 100': 'batch-100',
  'durable puts a second, 100,000 outstanding': 'put-100000',
  'durable puts of 64 KiB a second': 'put-64k',
  'buffered puts a second, one at a time': 'buffered-1-rate',
  'opening a million entries': measured('open-1m-first') ? 'open-1m-first' : 'reopen',
};
const peers = ['store', 'lmdb', 'level', 'sqlite'];

function shown({ unit, peers: figures }, peer) {
  if (!figures[peer]) return '';
  const { median } = figures[peer];
  const own = figures.store.median;
  const isFaster = unit === 'per second' ? median > own : median < own;
  const text = {
    ns: `${(median / 1000).toFixed(2)} µs`,
    ms: `${median.toFixed(0)} ms`,
    'per second': Number(median.toPrecision(3)).toLocaleString('en-US'),
  }[unit];
  return isFaster ? `**${text}**` : text;
}

test('the figures of the README are those of the published run, and who is faster is bold', () => {
  const [, table] = /^\| \| this store \|.*\n\| ---.*\n((?:\|.*\n)+)/m.exec(readme);
  const cells = table.trimEnd().split('\n');
  const expected = Object.entries(rows).map(([title, id]) => {
    const row = measured(id);
    return `| ${[title, ...peers.map((peer) => shown(row, peer))].join(' | ')} |`.replace(
      / {2}/g,
      ' ',
    );
  });
  assert.deepEqual(cells, expected);
});

test('an entry takes as much memory as the README says', () => {
  const [, bytes] = /at about (\d+) bytes per entry besides its key and value/.exec(readme);
  const [entries, content] = [1_000_000, 15 + 100];
  const { median } = measured('memory').peers.store;
  assert.equal(Number(bytes), Math.round(median / entries - content));
});

test('what the README links to is there', () => {
  const links = Array.from(readme.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g), ([, to]) => to);
  assert.ok(links.length > 20);
  assert.deepEqual(
    links.filter((to) => !existsSync(path.join(root, to))),
    [],
  );
});
