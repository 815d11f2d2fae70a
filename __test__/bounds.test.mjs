// A caller that writes faster than the disk is slowed by its promises; what is staged stays within its bound.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreConfig } from '@softadastra/store';
import { must, workspace } from './helpers.mjs';

const MIB = 1024 * 1024;

test('ten times the bound, written at once, is staged within the bound and all of it is there', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const bound = StoreConfig.durable('any').stagedBytesLimit;
  const value = Buffer.alloc(MIB, 'v');
  const count = (10 * bound) / MIB;
  const pending = [];
  let most = 0;
  for (let i = 0; i < count; i += 1) {
    pending.push(store.put(`key/${i % 20}`, value));
    most = Math.max(most, store.stats().stagedBytes);
  }
  // The write that reaches the bound is the last one that is staged.
  assert.ok(most <= bound + 2 * MIB, `${most} bytes were staged`);
  for (const [i, result] of (await Promise.all(pending)).entries()) {
    assert.equal(must(result).version, i + 1);
  }
  assert.equal(store.size(), 20);
});

test('the largest values among small ones keep their order and their neighbours', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const largest = Buffer.alloc(64 * MIB, 7);
  const results = await Promise.all([
    store.put('small/1', 'a'),
    store.put('large/1', largest),
    store.put('small/2', 'b'),
    store.put('large/2', largest),
    store.put('small/3', 'c'),
  ]);
  assert.deepEqual(
    results.map((result) => must(result).version),
    [1, 2, 3, 4, 5],
  );
  must(await store.close());
  const again = await work.open();
  assert.deepEqual([...again.keys()], ['large/1', 'large/2', 'small/1', 'small/2', 'small/3']);
  assert.ok(again.getBytes('large/2').equals(largest));
});

test('a million outstanding writes all settle', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const count = 1_000_000;
  let settled = 0;
  let last;
  for (let i = 0; i < count; i += 1) {
    last = store.put(`key/${i % 1000}`, 'value').then((result) => {
      settled += 1;
      return result;
    });
  }
  assert.equal(must(await last).version, count);
  assert.equal(settled, count);
  assert.equal(store.size(), 1000);
});
