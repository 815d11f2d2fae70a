// Every JavaScript example of the documentation runs.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import store from '@softadastra/store';
import * as abstractLevel from '@softadastra/store/abstract-level';
import * as keyvAdapter from '@softadastra/store/keyv';
import Keyv from 'keyv';
import { must, workspace } from './helpers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const AsyncFunction = (async () => undefined).constructor;
const ignore = () => undefined;
const quiet = { log: ignore, warn: ignore, error: ignore };

function pages() {
  const docs = readdirSync(path.join(root, 'docs')).map((name) => path.join('docs', name));
  const adapters = ['lib/adapters/abstract-level.d.ts', 'lib/adapters/keyv.d.ts'];
  return ['index.d.ts', 'README.md', ...adapters, ...docs.filter((name) => name.endsWith('.md'))];
}

/** The code blocks of a page, without the comment stars of a declaration file. */
function blocks(page) {
  const text = readFileSync(path.join(root, page), 'utf8').replaceAll(/^ *\* ?/gm, '');
  return [...text.matchAll(/^```js\n(.*?)^```$/gms)].map((match) => ({
    line: text.slice(0, match.index).split('\n').length + 1,
    code: match[1],
  }));
}

/** What a block may use without saying where it comes from: the package, a log, an open store with one entry, a payload. */
async function surroundings(t) {
  const { dir, open } = workspace(t);
  mkdirSync(path.join(dir, 'data'));
  must(await (await open('data/node-a.wal')).close());
  const engine = await open('engine.wal');
  must(await engine.put('user:1', 'Ada'));
  const payload = must(store.OperationEncoder.encode(store.Operation.put('user:1', 'Ada')));
  const packages = { ...store, ...abstractLevel, ...keyvAdapter, Keyv };
  return { dir, names: { ...packages, engine, payload, console: quiet } };
}

for (const page of pages()) {
  for (const { line, code } of blocks(page)) {
    test(`${page}, line ${line}: the example runs`, async (t) => {
      const { dir, names } = await surroundings(t);
      const before = process.cwd();
      process.chdir(dir);
      t.after(() => process.chdir(before));
      const body = code.replaceAll(/^import .* from '(keyv|@softadastra\/store.*)';$/gm, '');
      // In a block of its own, so that an example may declare a name that is given here.
      const run = new AsyncFunction(...Object.keys(names), `{\n${body}\n}`);
      await run(...Object.values(names));
    });
  }
}

test('there are examples to run', () => {
  assert.ok(pages().flatMap(blocks).length >= 15);
});
