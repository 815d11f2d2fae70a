// A Result is a success or a failure, never both, and never gives out what it does not have.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Result, SoftadastraError } from '@softadastra/store';
import { memoryStore, throws } from './helpers.mjs';

const failure = new SoftadastraError('io_error', 'no space left on device', '/data/a.wal');

test('a success gives its value and refuses to give an error', () => {
  const result = Result.ok(7);
  assert.equal(result.isOk(), true);
  assert.equal(result.isErr(), false);
  assert.equal(result.value(), 7);
  throws(() => result.error(), 'invalid_state', /error\(\)/);
});

test('a failure gives its error, and value() throws that very error', () => {
  const result = Result.err(failure);
  assert.equal(result.isOk(), false);
  assert.equal(result.isErr(), true);
  assert.equal(result.error(), failure);
  assert.equal(
    throws(() => result.value(), 'io_error', 'no space left on device'),
    failure,
  );
});

test('a success may hold undefined', () => {
  const result = Result.ok(undefined);
  assert.equal(result.isOk(), true);
  assert.equal(result.value(), undefined);
});

test('only a SoftadastraError makes a failure, and only the factories make a Result', () => {
  throws(() => Result.err(new Error('other')), 'invalid_argument');
  throws(() => new Result('internal', 0, 7), 'invalid_argument', /Result\.ok/);
});

test('a missing key is a failure with one error, however often it is asked for', (t) => {
  const store = memoryStore(t);
  const result = store.get('missing/key');
  assert.equal(result.isErr(), true);
  assert.equal(result.error(), result.error());
  assert.equal(
    throws(() => result.value(), 'not_found', 'key not found'),
    result.error(),
  );
  assert.equal(result.error().context, 'missing/key');
});

test('an error has a message, a code, a context, a cause and a name', () => {
  const cause = new Error('EIO');
  const error = new SoftadastraError('store_error', 'corrupted WAL record', 'byte 4096', { cause });
  assert.ok(error instanceof Error);
  assert.equal(error.name, 'SoftadastraError');
  assert.equal(error.message, 'corrupted WAL record');
  assert.equal(error.codeString(), 'store_error');
  assert.equal(error.code, 'store_error');
  assert.equal(error.context, 'byte 4096');
  assert.equal(error.cause, cause);
  assert.match(error.stack, /^SoftadastraError: corrupted WAL record/);
});

test('an error cannot be made with a code that is not one of the family', () => {
  assert.throws(() => new SoftadastraError('oops', 'message'), TypeError);
});

test('results print what they hold', () => {
  assert.equal(inspect(Result.ok(7)), 'Result.ok(7)');
  assert.equal(inspect(Result.err(failure)), 'Result.err(io_error: no space left on device)');
});
