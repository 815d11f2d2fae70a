// Numbers and names in the documents are those of the code.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import addon from '../lib/native/addon.js';
import { must, workspace } from './helpers.mjs';
import { Thread } from './thread.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file) => readFileSync(path.join(root, file), 'utf8');
/** A document as one line, so that a sentence is found wherever it breaks. */
const words = (file) => read(file).replaceAll(/\n *\*? */g, ' ');

const KIB = 1024;
const amount = (text) => Number(text.replaceAll(',', ''));

/** What the groups of a pattern hold in a document that has to match it. */
function said(file, pattern) {
  const found = pattern.exec(words(file));
  assert.ok(found, `${file} says nothing like ${pattern}`);
  return found.slice(1);
}

/** The constants of the Rust file below `folder` that has one of this name. */
function constants(folder, name) {
  const files = readdirSync(path.join(root, folder), { recursive: true });
  for (const file of files.filter((one) => one.endsWith('.rs'))) {
    const found = [
      ...read(path.join(folder, file)).matchAll(/^const (\w+): usize = (\d+)(?: << (\d+))?;/gm),
    ];
    const all = Object.fromEntries(
      found.map(([, one, base, shift]) => [one, base * 2 ** (shift ?? 0)]),
    );
    if (name in all) return all;
  }
  return assert.fail(`no constant ${name} below ${folder}`);
}

/** Sizes of the pages in which a store that is opened from now on reads its history. */
function watchPages(t) {
  const pages = [];
  const native = addon.native();
  const { openHandle } = native;
  t.after(() => {
    native.openHandle = openHandle;
  });
  native.openHandle = (fields) => {
    const handle = openHandle(fields);
    const { operations } = handle;
    handle.operations = (...args) => {
      const history = operations(...args);
      const { nextPage } = history;
      history.nextPage = (done) =>
        nextPage((error, first, payloads, ends, hasMore) => {
          if (error === undefined) {
            pages.push({ bytes: payloads.length, operations: ends.length / 4 });
          }
          done(error, first, payloads, ends, hasMore);
        });
      return history;
    };
    return handle;
  };
  return pages;
}

/** Writes `count` entries and reads them from the history; gives the sizes of the pages. */
async function pagesOf(t, count, value) {
  const pages = watchPages(t);
  const store = await workspace(t).open();
  for (const result of await Promise.all(
    Array.from({ length: count }, (_, n) => store.put(`${n}`, value)),
  )) {
    must(result);
  }
  let given = 0;
  for await (const _ of store.operations()) given += 1;
  assert.equal(given, count);
  return pages;
}

test('a page of the history has as many bytes and operations as the documents say', async (t) => {
  const pattern =
    /first page has at most (\d+) KiB, later ones up to (\d+) KiB and ([\d,]+) operations/;
  const numbers = said('index.d.ts', pattern);
  assert.deepEqual(said('docs/architecture.md', pattern), numbers);
  const [first, largest, operations] = numbers.map(amount);

  const large = await pagesOf(t, 700, 'x'.repeat(KIB));
  const isFull = (bytes, limit) => bytes <= limit && bytes > limit - 2 * KIB;
  assert.ok(isFull(large[0].bytes, first * KIB), `${large[0].bytes}`);
  const most = Math.max(...large.map(({ bytes }) => bytes));
  assert.ok(isFull(most, largest * KIB), `${most}`);

  const many = await pagesOf(t, 5 * operations, '');
  assert.equal(Math.max(...many.map((page) => page.operations)), operations);
});

test('the options that threads must share are those that the documents name', async (t) => {
  const others = {
    autoFlush: false,
    compaction: { ratio: 3 },
    stagedBytesLimit: 2 ** 20,
    memoryLimit: 2 ** 24,
    nodeId: 7,
    tombstones: { lifeMs: 1000 },
    sweep: false,
  };
  const declared = /export interface (?:FastOptions|DurableOptions)[^{]*\{(.*?)^\}/gms;
  const names = [...read('index.d.ts').matchAll(declared)].flatMap(([, body]) =>
    Array.from(body.matchAll(/^ {2}(\w+)\?:/gm), ([, name]) => name),
  );
  assert.deepEqual(names.sort(), Object.keys(others).sort(), 'every option is tried here');

  const work = workspace(t);
  await work.open();
  const refusedOnes = [];
  for (const [name, value] of Object.entries(others)) {
    const opened = await new Thread(t).call('open', work.file(), 'durable', {}, { [name]: value });
    if (opened.ok) continue;
    assert.equal(opened.code, 'invalid_argument', opened.message);
    refusedOnes.push(name);
  }
  assert.deepEqual(
    said(
      'index.d.ts',
      /`invalid_argument` is the answer when `(\w+)`, `(\w+)`, `(\w+)`, `(\w+)`, `(\w+)` or `(\w+)` differs/,
    ),
    refusedOnes,
  );
  assert.deepEqual(
    said(
      'docs/durability.md',
      /with the same `(\w+)`, `(\w+)`, `(\w+)`, `(\w+)`, `(\w+)` and `(\w+)`; `open` gives `invalid_argument`/,
    ),
    refusedOnes,
  );
});

test('what readers wait for is bounded as the documents say', () => {
  const { STEP, STEP_BYTES, SHARED_STEP, BATCH, BATCH_BYTES } = constants(
    'src/engine',
    'SHARED_STEP',
  );
  const page = 'docs/durability.md';
  const step =
    /one step at most: (\d+) operations and (\d+) KiB of keys and short values, or (\d+) operations while a snapshot is held/;
  assert.deepEqual(said(page, step).map(amount), [STEP, STEP_BYTES / KIB, SHARED_STEP]);
  const batch =
    /single step, whatever its length: up to ([\d,]+) operations and (\d+) MiB of keys and short values, unless a snapshot would make it copy more than (\d+) pieces/;
  assert.deepEqual(said(page, batch).map(amount), [BATCH, BATCH_BYTES / KIB ** 2, 2 * SHARED_STEP]);
  assert.deepEqual(
    said('index.d.ts', /each of up to ([\d,]+) operations while a batch/).map(amount),
    [BATCH],
  );
});

test('what a reader or a compaction does under its lock is bounded as the documents say', () => {
  const { PAGE_BYTES } = constants('src/binding', 'PAGE_BYTES');
  const { STEP_BYTES, STEP_ENTRIES } = constants('src/engine', 'STEP_ENTRIES');
  const [many, scan, compaction] = said(
    'docs/durability.md',
    /up to ([\d,]+) values of `getMany`, a page of a scan \((\d+) MiB and one entry at most\) or one step of a compaction \((\d+) KiB and one entry at most\)/,
  ).map(amount);
  assert.deepEqual([scan * KIB ** 2, compaction * KIB], [PAGE_BYTES, STEP_BYTES]);
  assert.equal(many, Number(/^const CHUNK = (\d+);/m.exec(read('lib/read/many.js'))[1]));
  assert.deepEqual(
    said('docs/architecture.md', /(\d+) KiB or (\d+) entries under each read lock/).map(amount),
    [STEP_BYTES / KIB, STEP_ENTRIES],
  );
});

test('a page of a scan has as many entries as the documents say', () => {
  const source = read('lib/read/scan.js');
  const [first, largest] = ['FIRST_PAGE', 'LARGEST_PAGE'].map((name) =>
    Number(new RegExp(`^const ${name} = (\\d+);`, 'm').exec(source)[1]),
  );
  const pattern =
    /pages of (\d+) entries at first and (\d+) later, fewer when they have more than 1 MiB/;
  for (const file of ['index.d.ts', 'docs/architecture.md']) {
    assert.deepEqual(said(file, pattern).map(amount), [first, largest]);
  }
});
