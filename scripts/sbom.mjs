// What is in an addon, as CycloneDX has it: the crates that Cargo.lock pins, from those that Cargo.toml asks for on its
// platform. Those that a crate needs elsewhere alone are in it too: the lock file does not tell them apart.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './run.mjs';

const read = (name) => readFileSync(path.join(root, name), 'utf8').replaceAll('\r\n', '\n');

/** Which tables of Cargo.toml hold for a system. */
const CONDITIONS = {
  linux: 'target_os = "linux"',
  darwin: 'target_vendor = "apple"',
  win32: 'windows',
};

/** The lines of a table of Cargo.toml. */
function table(text, name) {
  const [, lines = ''] = text.split(`\n[${name}]\n`);
  return lines.split(/\n\[/)[0].split('\n');
}

/** The crates that the addon itself names. */
function named(os) {
  const text = read('Cargo.toml');
  const features = table(text, 'features').find((line) => line.startsWith('napi = ')) ?? '';
  const wanted = [...features.matchAll(/"dep:([\w-]+)"/g)].map(([, name]) => name);
  const tables = ['dependencies', `target.'cfg(${CONDITIONS[os]})'.dependencies`];
  return tables
    .flatMap((name) => table(text, name))
    .map((line) => ({ name: /^([\w-]+) = /.exec(line)?.[1], line }))
    .filter(
      ({ name, line }) => name && (!line.includes('optional = true') || wanted.includes(name)),
    )
    .map(({ name }) => name);
}

/** The crates of Cargo.lock, by name, and by name and version. */
function pinned() {
  const all = new Map();
  for (const text of read('Cargo.lock').split('\n[[package]]\n').slice(1)) {
    const field = (name) => new RegExp(`^${name} = "(.*)"$`, 'm').exec(text)?.[1];
    const [, list = ''] = /^dependencies = \[\n([^\]]*)\]/m.exec(text) ?? [];
    const needs = [...list.matchAll(/"([^"]+)"/g)].map(([, name]) => name);
    const crate = { name: field('name'), version: field('version'), needs };
    crate.checksum = field('checksum');
    all.set(crate.name, crate).set(`${crate.name} ${crate.version}`, crate);
  }
  return all;
}

/** Every crate that may be in the addon of a system, each once. */
function crates(os) {
  const all = pinned();
  const found = new Set();
  const left = named(os);
  while (left.length > 0) {
    const crate = all.get(left.pop());
    if (crate === undefined || found.has(crate)) continue;
    found.add(crate);
    left.push(...crate.needs);
  }
  return [...found].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function component({ name, version, checksum }) {
  const purl = `pkg:cargo/${name}@${version}`;
  const hashes = [{ alg: 'SHA-256', content: checksum }];
  return { type: 'library', 'bom-ref': purl, name, version, purl, hashes };
}

/** The bill of materials of a platform's package, whose name and version are given. */
export function billOfMaterials(os, { name, version }) {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: { type: 'library', 'bom-ref': purl, name, version, purl } },
    components: crates(os).map(component),
  };
}
