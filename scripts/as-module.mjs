// A CommonJS file of `lib` as an ES module. They are all written in one way, which is what makes this simple: `require` in
// declarations of their own, and one assignment to `module.exports` at the end.

import { fail } from './run.mjs';

const NEEDED = /^const (\{[^}]*\}) = require\('([^']+)'\);$/gm;
const EXPORTED = /^module\.exports = \{([^}]*)\};$/m;
const LEFT = /\bmodule\.exports\b|\brequire\('\./;

/** The names that a file exports. */
export function exportedBy(source) {
  const [, names] = EXPORTED.exec(source) ?? fail('a file exports something else than names');
  return names
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
}

export function asModule(source, file) {
  const made = source
    .replace(/^'use strict';$/m, '')
    .replace(NEEDED, (_, names, from) => `import ${names.replaceAll(': ', ' as ')} from '${from}';`)
    .replace(EXPORTED, 'export {$1};');
  if (LEFT.test(made))
    fail(`${file} needs or exports something in another way than the bundler knows`);
  return made;
}
