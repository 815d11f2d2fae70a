// The declarations name the methods that the classes have, no more and no less. The compiler compares them: what each class
// has at run time becomes a type.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import store from '@softadastra/store';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const classes = Object.entries(store).filter(([name]) => /^[A-Z]/.test(name));

const COMPARING = `
type Methods<T> = Extract<{ [K in keyof T]: T[K] extends (...args: any) => any ? K : never }[keyof T], string>;
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
`;

function methodsOf(target) {
  const found = Object.entries(Object.getOwnPropertyDescriptors(target))
    .filter(([name, { value }]) => typeof value === 'function' && name !== 'constructor')
    .map(([name]) => `'${name}'`);
  return found.join(' | ') || 'never';
}

function comparison([name, Class]) {
  const generic = ['Change', 'Result', 'TypedStore'].includes(name);
  const made = generic ? `store.${name}<unknown>` : `store.${name}`;
  const inherited =
    name === 'SoftadastraError' ? 'Exclude<keyof typeof Error, "prototype">' : 'never';
  return `
true satisfies Same<Methods<${made}>, ${methodsOf(Class.prototype)}>;
true satisfies Same<Exclude<Methods<typeof store.${name}>, ${inherited}>, ${methodsOf(Class)}>;
`;
}

/** Whether the compiler takes the code, and what it says. */
function compile(t, code) {
  const folder = mkdtempSync(path.join(root, '__test__', 'types', 'methods-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'methods.mts');
  writeFileSync(file, `import * as store from '@softadastra/store';\n${COMPARING}${code}`);
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022'];
  const libraries = ['--lib', 'es2023,esnext.disposable', '--types', ''];
  const { status, stdout } = spawnSync(
    process.execPath,
    [tsc, '--ignoreConfig', ...options, ...libraries, file],
    { cwd: root, encoding: 'utf8' },
  );
  return { taken: status === 0, said: stdout };
}

test('every class has the methods that are declared, and no other', (t) => {
  assert.ok(classes.length > 10);
  const { taken, said } = compile(t, classes.map(comparison).join(''));
  assert.ok(taken, said);
});

test('a method that is not declared is found', (t) => {
  class Key extends store.Key {}
  Key.prototype.hidden = () => undefined;
  const { taken, said } = compile(t, comparison(['Key', Key]));
  assert.ok(!taken);
  assert.match(said, /not assignable|does not satisfy/);
});
