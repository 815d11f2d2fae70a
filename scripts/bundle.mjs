// Makes the JavaScript of a release: one file for each entry point, which loads in a fraction of the time of many.
//
// The bundler is given the files as ES modules, which it can put into one scope. A CommonJS module would stay a function of
// its own, and be parsed twice. What an adapter shares with the package it takes from the file of the package, so that
// there is one of each class, and one native file.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { asModule, exportedBy } from './as-module.mjs';
import { root } from './run.mjs';

const MAIN = 'index.js';
const MODULE = 'index.mjs';
/** What the ES module imports instead of all of the package. */
const DOOR = 'index.cjs';
const COMMAND = 'bin/softadastra-store.js';
const ADAPTERS = ['abstract-level', 'keyv', 'postgres'].map((name) => `lib/adapters/${name}.js`);

/** The property of what the package exports under which its adapters find what is not public. */
const SHARED = "[Symbol.for('@softadastra/store: shared with its adapters')]";

/** What adapters need of the package, outside of their own folder. */
const SHARED_WITH_ADAPTERS = /^\.\.\/(api|options|runtime|types)\/[\w-]+\.js$/;

const common = {
  absWorkingDir: root,
  bundle: true,
  // A file of nothing but ASCII takes half the memory, and less time to read.
  charset: 'ascii',
  format: 'cjs',
  legalComments: 'none',
  logLevel: 'warning',
  // The entry points are ES modules that set what a CommonJS module exports.
  logOverride: { 'commonjs-variable-in-esm': 'silent' },
  packages: 'external',
  platform: 'node',
  sourcemap: 'linked',
  // What is written for the oldest Node.js needs no change.
  target: 'esnext',
};

/** The files that a release has and the checkout does not. */
export const onlyInReleases = [DOOR, '*.js.map', 'bin/*.js.map'];

const bundles = [MAIN, COMMAND, ...ADAPTERS].flatMap((file) => [file, `${file}.map`]);

/** Whether a file of the checkout becomes part of a bundle. */
export function isBundled(file) {
  return file === MODULE || bundles.includes(file) || /^lib\/.*\.js$/.test(file);
}

/** Writes the bundles into the folder of a package. */
export async function bundle(folder) {
  const shared = new Set();
  for (const file of ADAPTERS) {
    const plugins = [takeFromPackage(shared), filesAsModules];
    await bundleOne(folder, file, { stdin: entry(file, reexport(file)), plugins });
  }
  const lines = [reexport(MAIN), ...share([...shared].sort())];
  await bundleOne(folder, MAIN, {
    stdin: entry(MAIN, lines.join('\n')),
    plugins: [filesAsModules],
  });
  writeModule(folder);
  const entryPoints = [path.join(root, COMMAND)];
  await bundleOne(folder, COMMAND, { entryPoints, plugins: [leavePackageOutside] });
}

/**
 * Node.js searches a CommonJS file that an ES module imports for the names it exports: in one as large as the bundle that
 * takes longer than loading it. It does not follow this way to it.
 */
function writeModule(folder) {
  const door = `'use strict';\n\nconst store = require('./${MAIN}');\n\nmodule.exports = store;\n`;
  writeFileSync(path.join(folder, DOOR), door);
  writeFileSync(path.join(folder, MODULE), read(MODULE).replace(`./${MAIN}`, `./${DOOR}`));
}

async function bundleOne(folder, file, options) {
  // As if it were written to where the source is: so the source map names the files as the repository does.
  const outfile = path.join(root, file);
  const { outputFiles } = await build({ ...common, ...options, outfile, write: false });
  for (const made of outputFiles) {
    const to = path.join(folder, path.relative(root, made.path));
    mkdirSync(path.dirname(to), { recursive: true });
    const text = made.path.endsWith('.map') ? withSources(made) : withClassNames(made.text);
    writeFileSync(to, text, { mode: made.path.endsWith(COMMAND) ? 0o755 : 0o644 });
  }
}

/** The bundler renames classes that name themselves. Where they are printed, or in a stack, they have their own names. */
function withClassNames(text) {
  const renamed = [...text.matchAll(/^var (\w+) = class _\1\b/gm)].map(([, name]) => name);
  const pattern = new RegExp(`(?<![\\w$])_(${renamed.join('|')})(?![\\w$])`, 'g');
  return renamed.length === 0 ? text : text.replace(pattern, '$1');
}

/** A source map with the files as they are in the repository; the bundler was given the same lines as modules. */
function withSources({ path: file, text }) {
  const map = JSON.parse(text);
  const places = map.sources.map((source) => path.join(path.dirname(file), source));
  const sourcesContent = places.map((place, at) =>
    existsSync(place) ? readFileSync(place, 'utf8') : map.sourcesContent[at],
  );
  return JSON.stringify({ ...map, sourcesContent });
}

function entry(file, contents) {
  const resolveDir = path.join(root, path.dirname(file));
  return { contents, resolveDir, sourcefile: `entry of ${path.basename(file)}` };
}

function read(file) {
  return readFileSync(path.join(root, file), 'utf8');
}

/** Exports of the bundle what the file exports. */
function reexport(file) {
  const names = exportedBy(read(file)).join(', ');
  return `import { ${names} } from './${path.basename(file)}';\nmodule.exports = { ${names} };`;
}

/** Makes modules of `lib` a hidden property of what the package exports. */
function share(files) {
  const imports = files.map((file, at) => `import * as shared${at} from './${file}';`);
  const fields = files.map((file, at) => `'${file}': shared${at}`).join(', ');
  return [
    ...imports,
    `Object.defineProperty(module.exports, ${SHARED.slice(1, -1)}, { value: { ${fields} } });`,
  ];
}

const filesAsModules = {
  name: 'files as ES modules',
  setup({ onLoad }) {
    onLoad({ filter: /\.js$/ }, ({ path: file }) => ({
      contents: asModule(readFileSync(file, 'utf8'), file),
    }));
  },
};

/** Adapters need the package, and take what else they need of it from there. */
function takeFromPackage(shared) {
  return {
    name: 'shared with the package',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: SHARED_WITH_ADAPTERS }, ({ path: needed, resolveDir }) => {
        const file = path.relative(root, path.join(resolveDir, needed)).replaceAll('\\', '/');
        shared.add(file);
        return { path: file, namespace: 'shared' };
      });
      onResolve({ filter: /^package$/, namespace: 'shared' }, () => ({
        path: '../../index.js',
        external: true,
      }));
      onLoad({ filter: /./, namespace: 'shared' }, ({ path: file }) => {
        const names = exportedBy(read(file)).join(', ');
        const found = `require('package')${SHARED}['${file}']`;
        return { contents: `export const { ${names} } = ${found};`, resolveDir: root };
      });
    },
  };
}

const leavePackageOutside = {
  name: 'the package beside the command',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.\/\.\.\/index\.js$/ }, () => ({
      path: '../index.js',
      external: true,
    }));
  },
};
