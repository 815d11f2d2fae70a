// Every JavaScript example of the documentation runs.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { format } from 'node:util';
import store from '@softadastra/store';
import * as abstractLevel from '@softadastra/store/abstract-level';
import * as keyvAdapter from '@softadastra/store/keyv';
import { transformSync } from 'esbuild';
import Keyv from 'keyv';
import { must, workspace } from './helpers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const AsyncFunction = (async () => undefined).constructor;
const adapters = ['abstract-level', 'keyv', 'postgres'].map((name) => `lib/adapters/${name}.d.ts`);
const ignore = () => undefined;
const quiet = { log: ignore, warn: ignore, error: ignore };

/** Not docs/api: it is made from the declarations, whose examples run here. */
function pages() {
  const names = (folder) => readdirSync(path.join(root, folder)).map((name) => `${folder}/${name}`);
  const docs = ['docs', 'docs/guides'].flatMap(names).filter((name) => name.endsWith('.md'));
  return ['index.d.ts', ...adapters, 'README.md', ...docs];
}

/** The code blocks of a page, without the comment stars of a declaration file. */
function blocks(page, language = 'js') {
  const source = readFileSync(path.join(root, page), 'utf8');
  const text = page.endsWith('.ts') ? source.replaceAll(/^ *\* ?/gm, '') : source;
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(
    (match) => ({
      line: text.slice(0, match.index).split('\n').length + 1,
      code: match[1],
    }),
  );
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
  return { dir, names: { ...packages, engine, payload, console: quiet, builtin, prints } };
}

const builtin = (name) => import(name);

/** Checks what a line says that it prints; three dots stand for anything. */
function prints(expected, ...args) {
  const pattern = expected.split('...').map((part) => part.replaceAll(/[^\w ]/g, '\\$&'));
  assert.match(format(...args).replaceAll(/\s+/g, ' '), new RegExp(`^${pattern.join('.*')}$`));
}

/** The code as the body of a function, which has no `import`. */
function functionBody(code) {
  const checked = (_line, args, said) => `prints(${JSON.stringify(said)}, ${args});`;
  return code
    .replaceAll(/console\.(?:log|error)\((.*)\); \/\/ (.*)$/gm, checked)
    .replaceAll(/^import .* from '(keyv|@softadastra\/store.*)';$/gm, '')
    .replaceAll(/^import (.*) from '(node:.*)';$/gm, "const $1 = await builtin('$2');")
    .replaceAll(/^export /gm, '');
}

for (const page of pages()) {
  for (const { line, code } of blocks(page)) {
    test(`${page}, line ${line}: the example runs`, async (t) => {
      const { dir, names } = await surroundings(t);
      const before = process.cwd();
      process.chdir(dir);
      t.after(() => process.chdir(before));
      // In a block of its own, so that an example may declare a name that is given here.
      const run = new AsyncFunction(...Object.keys(names), `{\n${functionBody(code)}\n}`);
      await run(...Object.values(names));
    });
  }
}

// What needs a package that is not here, such as Electron, is marked `javascript` and only read by a parser.
for (const page of pages()) {
  for (const { line, code } of blocks(page, 'javascript')) {
    test(`${page}, line ${line}: the example is JavaScript`, () => {
      assert.ok(transformSync(code).code);
    });
  }
}

test('there are examples to run', () => {
  assert.ok(pages().flatMap((page) => blocks(page)).length >= 15);
});

test('the number of seeded bugs is the one that is documented', () => {
  const text = (file) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
  const list = /enum Bug \{(.*?)\n {4}\}/s.exec(text('src/bugs.rs'))[1];
  const [, documented] = /\| (\d+) one-line bugs/.exec(text('docs/durability.md'));
  assert.equal(list.match(/^ +\w+,$/gm).length, Number(documented));
});

test('the map names files that are there, and every folder of the code', () => {
  const map = readFileSync(path.join(root, 'docs/architecture.md'), 'utf8');
  const rows = [...map.matchAll(/^\| [^|]+ \| ((?:`[^`]+`(?:, )?)+) \|$/gm)];
  assert.ok(rows.length > 40);
  for (const [row, files] of rows) {
    let folder = '';
    for (const [, name] of files.matchAll(/`([^`]+)`/g)) {
      // A bare name is beside the one before it, or at the top.
      const places = name.includes('/') ? [name] : [path.join(folder, name), name];
      assert.ok(
        places.some((place) => existsSync(path.join(root, place))) || name.startsWith('npm run'),
        row,
      );
      folder = path.dirname(places[0]);
    }
  }
  for (const top of ['src', 'lib']) {
    const entries = readdirSync(path.join(root, top), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((one) => one.isDirectory())) {
      const folder = path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name));
      assert.ok(map.includes(`${folder.split(path.sep).join('/')}/`), folder);
    }
  }
});
