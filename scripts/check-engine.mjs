// The wall between the rooms: outside src/binding no Rust file may know that Node.js exists.
// The compiler keeps most of it (the engine builds without the feature); this catches code that hides
// behind `#[cfg(feature = "napi")]` on the wrong side.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fail, root, say } from './run.mjs';

const binding = /^src[\\/]binding(?:[\\/]|\.rs$)/;

/** The one door: the crate root declares the binding module. */
const door = /#\[cfg\(feature = "napi"\)\]\s*(?:#\[[^\n]*\]\s*)*mod binding;/;

function withoutDoor(text) {
  return text.replace(door, (found) => found.replace(/[^\n]/g, ''));
}

function trespasses(file) {
  const text = readFileSync(path.join(root, file), 'utf8');
  const rest = file === path.join('src', 'lib.rs') ? withoutDoor(text) : text;
  return rest
    .split('\n')
    .map((line, index) => ({ line: line.replace(/\/\/.*/, ''), place: `${file}:${index + 1}` }))
    .filter(({ line }) => /\bnapi/i.test(line))
    .map(({ line, place }) => `${place}: ${line.trim()}`);
}

export function checkEngine() {
  say('engine without napi');
  const found = readdirSync(path.join(root, 'src'), { recursive: true })
    .map((name) => path.join('src', name))
    .filter((name) => name.endsWith('.rs') && !binding.test(name))
    .flatMap(trespasses);
  if (found.length > 0) fail(`the engine names napi outside src/binding:\n${found.join('\n')}`);
}
