// TypeDoc has a folder of its own, like the peers of the benchmark: it needs the compiler API of TypeScript 6, which
// TypeScript 7, whose tsc checks everything else here, does not have.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { installPackages } from '../install.mjs';
import { fail, root, say, step } from '../run.mjs';

const folder = path.join(root, 'scripts', 'api-docs');

/** Where the pages are committed. */
export const pages = path.join(root, 'docs', 'api');

export function generateApiDocs(to) {
  installPackages(folder, 'installing the generator of the API reference');
  const typedoc = path.join(folder, 'node_modules', 'typedoc', 'bin', 'typedoc');
  const args = ['--options', path.join(folder, 'typedoc.config.mjs'), '--logLevel', 'Warn'];
  step('generating the API reference', process.execPath, [typedoc, ...args, '--out', to]);
}

function contents(dir) {
  const names = readdirSync(dir).sort();
  return JSON.stringify(names.map((name) => [name, readFileSync(path.join(dir, name), 'utf8')]));
}

/** Fails when the committed pages are not what the declarations say. */
export function lintApiDocs() {
  const fresh = mkdtempSync(path.join(tmpdir(), 'softadastra-store-api-'));
  generateApiDocs(fresh);
  say('comparing it with docs/api');
  const stale = contents(fresh) !== contents(pages);
  rmSync(fresh, { recursive: true });
  if (stale) fail('docs/api is not what index.d.ts and lib/adapters/*.d.ts say: npm run docs');
}
