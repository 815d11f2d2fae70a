import assert from 'node:assert/strict';
import { test } from 'node:test';
import { circlesOf } from '../scripts/check-circles.mjs';

const circles = (files) => circlesOf(new Map(Object.entries(files)));

test('files that need each other are found, however they name each other', () => {
  const door = 'mod a;\nmod b;\npub(crate) use b::Second;';
  const ways = {
    'by a use of both kinds of braces': 'use super::{\n    b::{Other, Second as Renamed},\n};',
    'in full': 'fn f() -> crate::b::Second { g() }',
    'by way of a face': 'use crate::Second;',
    'by way of the name of a module': 'use super::b;\nfn f() { b::g(); }',
  };
  for (const [way, code] of Object.entries(ways)) {
    const found = circles({ 'lib.rs': door, 'a.rs': code, 'b.rs': 'use super::a::First;' });
    assert.deepEqual(found, [['a.rs needs b.rs', 'b.rs needs a.rs']], way);
  }
});

test('a file and the parts of it in files of their own are a circle when each needs the other', () => {
  const part = 'use super::Whole;\npub(super) fn made() {}';
  const whole = 'mod part;\npub struct Whole;\nfn f() { part::made(); }';
  assert.deepEqual(circles({ 'lib.rs': 'mod a;', 'a/mod.rs': whole, 'a/part.rs': part }), [
    ['a/mod.rs needs a/part.rs', 'a/part.rs needs a/mod.rs'],
  ]);
  const face = 'mod part;\npub struct Whole;\npub use part::made;';
  assert.deepEqual(circles({ 'lib.rs': 'mod a;', 'a/mod.rs': face, 'a/part.rs': part }), []);
});

test('circles of many files are found as one', () => {
  const files = { 'lib.rs': '', 'd.rs': 'use crate::a::X;' };
  for (const [from, to] of ['ab', 'bc', 'ca']) files[`${from}.rs`] = `use crate::${to}::X;`;
  assert.deepEqual(circles(files), [['a.rs needs b.rs', 'b.rs needs c.rs', 'c.rs needs a.rs']]);
});

test('comments, tests, limits of visibility and other crates are no need', () => {
  const first = `//! See [\`b\`](super::b).
use b_of_others::b::X;
pub(in super::super) struct First; // crate::b::Second
#[cfg(test)]
mod tests {
    use crate::b::Second;
}`;
  assert.deepEqual(circles({ 'lib.rs': '', 'a.rs': first, 'b.rs': 'use crate::a::First;' }), []);
});
