// Whatever is written, in whatever order, and however often the store is reopened or killed, it behaves like a Map that counts.

import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { Operation, StoreConfig, StoreEngine } from '@softadastra/store';
import fc from 'fast-check';
import { must, workspace } from './helpers.mjs';

const RUNS = Number(process.env.MODEL_RUNS ?? 100);

/** Few keys, so that they are met again, among them those that sort differently in UTF-16. */
const key = fc.constantFrom('a', 'b', 'a/1', 'a/2', 'é', '\ufffd', '👍', '\0', '日本');
const value = fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.constant('x'.repeat(5000)));
const ifVersion = fc.option(fc.nat(12), { nil: undefined });

/** The year 9999: nothing expires while the test runs. */
const expiresAt = fc.option(fc.constant(253_370_764_800_000), { nil: undefined, freq: 1 });

const put = fc.record({ type: fc.constant('put'), key, value, ifVersion, expiresAt });
const remove = fc.record({ type: fc.constant('remove'), key, ifVersion });
const member = fc.oneof(put, remove);
const application = fc.oneof(
  fc.record({ type: fc.constant('put'), key, value, ifVersion, timestamp: fc.maxSafeInteger() }),
  fc.record({ type: fc.constant('remove'), key, ifVersion, timestamp: fc.maxSafeInteger() }),
);
const call = fc.oneof(
  { weight: 5, arbitrary: put },
  { weight: 2, arbitrary: remove },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('batch'), members: fc.array(member) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('apply'),
      key,
      value: fc.option(value, { nil: undefined }),
      timestamp: fc.maxSafeInteger(),
      ifVersion,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('applyBatch'), members: fc.array(application) }),
  },
);
/** Calls that are made at once, and what is done when all of them have settled. */
const step = fc.record({
  calls: fc.array(call, { maxLength: 8 }),
  after: fc.constantFrom('nothing', 'nothing', 'sweep', 'flush', 'recover', 'reopen', 'kill'),
});

class Model {
  entries = new Map();
  sequence = 0;

  versionOf(name) {
    return this.entries.get(name)?.version ?? 0;
  }

  /** What the store has to answer, in the form that `answerOf` gives. */
  call(request) {
    if (request.members !== undefined) return this.#batch(request.members);
    if (request.type === 'apply') {
      const type = request.value === undefined ? 'remove' : 'put';
      return this.#write({ ...request, type }, request.timestamp);
    }
    return this.#write(request);
  }

  #write({ type, key: name, value: text, ifVersion: wanted, expiresAt: expiry }, timestamp) {
    const found = this.versionOf(name);
    if (wanted !== undefined && wanted !== found) {
      return wanted === 0 ? 'already_exists' : 'invalid_state';
    }
    this.sequence += 1;
    if (type === 'put') {
      this.entries.set(name, { text, version: this.sequence, timestamp, expiry });
      return [name, this.sequence, found === 0 ? 'created' : 'updated'];
    }
    this.entries.delete(name);
    return [name, this.sequence, found === 0 ? 'missing' : 'deleted'];
  }

  #batch(members) {
    const before = { entries: new Map(this.entries), sequence: this.sequence };
    const answers = [];
    for (const request of members) {
      const answer = this.#write(request, request.timestamp);
      if (typeof answer === 'string') {
        Object.assign(this, before);
        return answer;
      }
      answers.push(answer);
    }
    return answers;
  }
}

function issue(store, request) {
  const { type, key: name, value: text, ifVersion: wanted, expiresAt: at } = request;
  if (type === 'put') return store.put(name, text, { ifVersion: wanted, expiresAt: at });
  if (type === 'remove') return store.remove(name, { ifVersion: wanted });
  if (type === 'batch') return store.batch(request.members);
  if (type === 'applyBatch') {
    const operations = request.members.map((one) => ({
      operation: operationOf(one),
      ifVersion: one.ifVersion,
    }));
    return store.applyBatch(operations);
  }
  return store.apply(operationOf(request), { ifVersion: wanted });
}

function operationOf({ key: name, value: text, timestamp: at }) {
  return text === undefined
    ? Operation.remove(name, { timestamp: at })
    : Operation.put(name, text, { timestamp: at });
}

function answerOf(result) {
  if (result.isErr()) return result.error().codeString();
  const written = result.value();
  return written.results === undefined ? describe(written) : written.results.map(describe);
}

function describe({ key: name, version, created, updated, deleted }) {
  const what = created ? 'created' : updated ? 'updated' : deleted ? 'deleted' : 'missing';
  return [name, version, what];
}

function check(store, model) {
  const order = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
  const names = [...model.entries.keys()].sort(order);
  assert.equal(store.size(), names.length);
  assert.equal(store.lastSequence(), model.sequence);
  assert.deepEqual([...store.keys()], names);
  assert.deepEqual([...store.snapshot().keys({ reverse: true })], [...names].reverse());
  for (const [name, entry] of store.entries()) {
    const { text, version, timestamp, expiry } = model.entries.get(name);
    assert.equal(entry.expiresAt, expiry);
    assert.deepEqual([entry.value.toString(), entry.version], [text, version]);
    assert.equal(entry.timestamp, timestamp ?? entry.timestamp);
    assert.deepEqual(store.get(name).value(), entry);
    assert.equal(store.getString(name), text);
  }
}

/** What a kill leaves: the log as the operating system has it. The copy stands in for it, so that one process will do. */
function logOfTheDead(config, file) {
  copyFileSync(config.path, file);
  return file;
}

const UPKEEP = {
  flush: async (store) => must(await store.flush()),
  sweep: async (store) => assert.equal(must(await store.sweep()).removed, 0),
};

async function play(configOf, file, steps) {
  const model = new Model();
  let config = configOf(file);
  let store = must(await StoreEngine.open(config));
  const dead = [];
  try {
    for (const { calls, after } of steps) {
      const pending = calls.map((request) => issue(store, request));
      const expected = calls.map((request) => model.call(request));
      assert.deepEqual((await Promise.all(pending)).map(answerOf), expected);
      await UPKEEP[after]?.(store);
      if (config.mode === 'log' && after === 'recover') must(await store.recover());
      if (config.mode === 'log' && after === 'reopen') {
        must(await store.close());
        store = must(await StoreEngine.open(config));
      }
      if (config.mode === 'log' && after === 'kill') {
        dead.push(store);
        config = configOf(logOfTheDead(config, `${file}.${dead.length}.wal`));
        store = must(await StoreEngine.open(config));
      }
      check(store, model);
    }
  } finally {
    for (const each of [...dead, store]) await each.close();
  }
}

for (const [kind, configOf] of [
  ['memory-only', () => StoreConfig.memoryOnly()],
  ['durable', (file) => StoreConfig.durable(file)],
  ['fast', (file) => StoreConfig.fast(file)],
  [
    'durable, with little room to stage',
    (file) => StoreConfig.durable(file, { stagedBytesLimit: 200 }),
  ],
]) {
  test(`a ${kind} store behaves like the model`, async (t) => {
    const work = workspace(t);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        run += 1;
        await play(configOf, work.file(`${run}.wal`), steps);
      }),
      { numRuns: RUNS },
    );
  });
}
