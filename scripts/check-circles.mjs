// No file of the crate may need a file that needs it back: each can be read, and changed, after those that it stands on.
// A file needs what it names, in a `use` or in full. Methods and macros are not seen.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fail, root, say } from './run.mjs';

/** The path of the module that a file of `src` is, such as `wal::reader`. */
function moduleOf(file) {
  const parts = file.slice(0, -'.rs'.length).split(/[\\/]/);
  if (parts.at(-1) === 'mod' || file === 'lib.rs') parts.pop();
  return parts.join('::');
}

/** The code without comments, without what limits visibility, and without the tests at its end. */
function codeOf(text) {
  const [code] = text.split(/^#\[cfg\(test\)\]\nmod \w+ \{/m, 1);
  return code.replace(/\/\/.*$/gm, '').replace(/\bpub\((?!crate\)).*?\)/g, 'pub(crate)');
}

/** What the braces of a `use` stand for: `a::{b, c::{d as e}}` is `a::b` and `a::c::d as e`. */
function spread(tree) {
  const open = tree.indexOf('{');
  if (open === -1) return [tree];
  const items = [''];
  let depth = 0;
  for (const letter of tree.slice(open + 1, tree.lastIndexOf('}'))) {
    depth += { '{': 1, '}': -1 }[letter] ?? 0;
    if (letter === ',' && depth === 0) items.push('');
    else items[items.length - 1] += letter;
  }
  const head = tree.slice(0, open);
  return items.filter((item) => item.trim() !== '').flatMap((item) => spread(head + item.trim()));
}

/** The path from the root of the crate; nothing when it is one of another crate. `names` are the modules at hand. */
function resolved(written, module, names) {
  const [first, ...rest] = written.split('::');
  const here = module === '' ? [] : module.split('::');
  if (first === 'crate') return rest;
  if (first === 'self') return [...here, ...rest];
  if (first === 'super') {
    const ups = [first, ...rest].lastIndexOf('super') + 1;
    return [...here.slice(0, here.length - ups), ...rest.slice(ups - 1)];
  }
  return names.has(first) ? [...names.get(first), ...rest] : undefined;
}

/** The paths of the modules in a module, by their names. */
function partsOf(module, all) {
  const paths = all.filter((other) => other !== '').map((other) => other.split('::'));
  const inside = paths.filter((parts) => parts.slice(0, -1).join('::') === module);
  return new Map(inside.map((parts) => [parts.at(-1), parts]));
}

/** What a module names: the path, by which name it is known there, and whether it is handed on. */
function namedIn(module, text, all) {
  const names = partsOf(module, all);
  const uses = [];
  const code = codeOf(text).replace(
    /^\s*(pub(?:\(crate\))?\s+)?use\s+([^;]+);/gm,
    (_, shown, tree) => {
      for (const item of spread(tree.replace(/\s+/g, ' '))) {
        const [written, name] = item.replace('::self', '').split(' as ');
        const parts = resolved(written, module, names);
        if (parts) uses.push({ parts, name: name ?? parts.at(-1), shown: Boolean(shown) });
      }
      return '';
    },
  );
  for (const { parts, name } of uses) if (all.includes(parts.join('::'))) names.set(name, parts);
  const inFull = [...code.matchAll(/(?<![\w:])\w+(?:::\w+)+/g)]
    .map(([written]) => resolved(written, module, names))
    .filter((parts) => parts !== undefined);
  return [...uses, ...inFull.map((parts) => ({ parts, shown: false }))];
}

/** The module in which a name is defined: a face such as `engine/mod.rs` only hands it on. */
function origin(parts, named, seen = new Set()) {
  let length = parts.length;
  while (!named.has(parts.slice(0, length).join('::'))) length -= 1;
  const module = parts.slice(0, length).join('::');
  const from = named.get(module).find(({ name }) => name !== undefined && name === parts[length]);
  if (from === undefined || seen.has(from)) return module;
  return origin([...from.parts, ...parts.slice(length + 1)], named, seen.add(from));
}

/** Which modules each module needs. Handing on the names of its own parts is no need of a face. */
function needsOf(named) {
  const needs = [...named].map(([module, own]) => {
    const head = module === '' ? '' : `${module}::`;
    const origins = own
      .map(({ shown, parts }) => ({ shown, from: origin(parts, named) }))
      .filter(({ shown, from }) => from !== module && !(shown && from.startsWith(head)));
    return [module, [...new Set(origins.map(({ from }) => from))]];
  });
  return new Map(needs);
}

/** Everything that can be reached from a module, itself only by way of others. */
function reachedFrom(module, needs) {
  const reached = new Set();
  const left = [...needs.get(module)];
  while (left.length > 0) {
    const next = left.pop();
    if (reached.has(next)) continue;
    reached.add(next);
    left.push(...needs.get(next));
  }
  return reached;
}

/** The files that need each other, one list for each circle, given the text of every file of a crate by its name. */
export function circlesOf(files) {
  const fileOf = new Map([...files.keys()].map((file) => [moduleOf(file), file]));
  const all = [...fileOf.keys()];
  const texts = all.map((module) => [module, files.get(fileOf.get(module))]);
  const needs = needsOf(
    new Map(texts.map(([module, text]) => [module, namedIn(module, text, all)])),
  );
  const reached = new Map(all.map((module) => [module, reachedFrom(module, needs)]));
  const lines = (circle) =>
    circle.map((member) => {
      const inside = needs.get(member).filter((next) => circle.includes(next));
      return `${fileOf.get(member)} needs ${inside.map((next) => fileOf.get(next)).join(', ')}`;
    });
  const circles = all
    .map((one) => all.filter((other) => reached.get(one).has(other) && reached.get(other).has(one)))
    .filter((circle, at) => circle[0] === all[at]);
  return circles.map(lines);
}

/** Ends the run when files of the crate need each other in a circle. */
export function checkCircles() {
  say('no circles among the files of the crate');
  const src = path.join(root, 'src');
  const names = readdirSync(src, { recursive: true }).filter((name) => name.endsWith('.rs'));
  const files = new Map(names.map((name) => [name, readFileSync(path.join(src, name), 'utf8')]));
  const circles = circlesOf(files).map((lines) => lines.map((line) => `  src/${line}`).join('\n'));
  if (circles.length > 0) fail(`files that need each other:\n${circles.join('\n\n')}`);
}
