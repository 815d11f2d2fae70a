// A bundler that leaves the package outside makes a program that works; one that takes it in, a program that says so.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import * as esbuild from 'esbuild';
import * as vite from 'vite';
import targets from '../lib/native/targets.js';
import { folder } from './folders.mjs';
import { install, pack, platformPackage, start, target } from './packed.mjs';

const NAME = '@softadastra/store';
const project = install(pack());
const entry = path.join(project, 'main.mjs');
writeFileSync(
  entry,
  `import { StoreConfig, StoreEngine } from '${NAME}';
  const store = new StoreEngine(StoreConfig.memoryOnly());
  store.put('bundled', 'yes').then(() => console.log(store.getString('bundled')));`,
);

// Each bundles `entry` into `out`, with the package outside or inside of the bundle.
const bundlers = {
  'esbuild, ES module': (out, outside) => withEsbuild(out, 'esm', outside),
  'esbuild, CommonJS': (out, outside) => withEsbuild(out, 'cjs', outside),
  'vite, server build': withVite,
};

async function withEsbuild(out, format, outside) {
  const outfile = path.join(out, format === 'esm' ? 'main.mjs' : 'main.cjs');
  const options = { bundle: true, platform: 'node', external: outside ? [NAME] : [], format };
  const { warnings } = await esbuild.build({ ...options, entryPoints: [entry], outfile });
  assert.deepEqual(warnings, []);
  return outfile;
}

async function withVite(out, outside) {
  // A server build leaves packages outside unless it is told otherwise.
  const ssr = outside ? {} : { noExternal: [NAME] };
  const build = { ssr: entry, outDir: out, emptyOutDir: true };
  const { output } = await vite.build({
    root: project,
    configFile: false,
    logLevel: 'error',
    build,
    ssr,
  });
  return path.join(out, output[0].fileName);
}

/** A folder for the bundle, with the installed packages in reach of it. */
function within() {
  const made = path.join(project, 'dist');
  mkdirSync(made, { recursive: true });
  return made;
}

for (const [name, bundle] of Object.entries(bundlers)) {
  test(`${name}: with the package outside of the bundle the program works`, async () => {
    const { stdout, stderr } = start(await bundle(within(), true), project);
    assert.deepEqual([stdout, stderr], ['yes\n', '']);
  });

  test(`${name}: with the package in the bundle and nothing beside it, the error says what to do`, async () => {
    const { status, stderr } = start(await bundle(folder(), false), project);
    assert.equal(status, 1);
    assert.match(stderr, /This code runs from a bundle, .* Keep the package out of the bundle/);
    assert.ok(stderr.includes(platformPackage), stderr);
  });

  test(`${name}: a bundle finds the native file that the environment names`, async () => {
    const file = path.join(project, 'node_modules', platformPackage, targets.fileName(target));
    const env = { SOFTADASTRA_STORE_NATIVE: file };
    const { stdout, stderr } = start(await bundle(folder(), false), project, env);
    assert.deepEqual([stdout, stderr], ['yes\n', '']);
  });
}
