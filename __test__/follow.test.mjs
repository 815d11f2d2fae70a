// A store that follows another one in another process ends up equal to it, however often either of them is killed.
// KILL_ROUNDS sets how often, SEED repeats a run.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import process from 'node:process';
import { pipeline } from 'node:stream';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { collect, must, randomOf, workspace } from './helpers.mjs';

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 15);
const OPERATIONS_PER_ROUND = 300;
/** So many make a log that is compacted. */
const LEAST_OPERATIONS = 4000;

const program = (name) => fileURLToPath(new URL(`../examples/follow/${name}`, import.meta.url));

/** Starts both programs with a pipe each way. */
function startBoth(work, operations) {
  const start = (name, ...args) =>
    spawn(process.execPath, [program(name), ...args], { stdio: 'pipe' });
  const source = start('source.mjs', work.file('source.wal'), String(operations));
  const replica = start('replica.mjs', work.file('replica.wal'));
  const errors = [source, replica].map((child) => {
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (more) => {
      text += more;
    });
    return () => text;
  });
  // Whoever is killed breaks the pipes of the other one, which would wait for them otherwise.
  pipeline(source.stdout, replica.stdin, () => undefined);
  pipeline(replica.stdout, source.stdin, () => undefined);
  return { source, replica, errors, ends: [source, replica].map((child) => once(child, 'exit')) };
}

/** Kills one of the two after some frames have gone through, and lets the other one find out. */
async function runAndKill(work, operations, random) {
  const { source, replica, ends } = startBoth(work, operations);
  const victim = random() < 0.5 ? source : replica;
  const watched = random() < 0.5 ? source : replica;
  let chunks = Math.floor(random() * 25);
  watched.stdout.on('data', () => {
    chunks -= 1;
    if (chunks < 0) victim.kill('SIGKILL');
  });
  const codes = await Promise.all(ends);
  return codes.some(([, signal]) => signal === 'SIGKILL');
}

/** Keys, values and timestamps; versions are the replica's own. */
function state(store) {
  return Array.from(store.entries(), ([key, { value, timestamp }]) => [key, `${value}`, timestamp]);
}

test(`${ROUNDS} kills of either side: both stores end up equal`, {
  timeout: 60_000 + ROUNDS * 20_000,
}, async (t) => {
  const work = workspace(t);
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));
  t.diagnostic(`SEED=${seed}`);
  const random = randomOf(seed);
  let kills = 0;
  let operations = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    operations += OPERATIONS_PER_ROUND;
    kills += (await runAndKill(work, operations, random)) ? 1 : 0;
  }
  t.diagnostic(`${kills} of ${ROUNDS} rounds ended with a kill`);
  operations = Math.max(operations, LEAST_OPERATIONS);
  const { ends, errors } = startBoth(work, operations);
  const codes = await Promise.all(ends);
  assert.deepEqual(
    codes,
    [
      [0, null],
      [0, null],
    ],
    errors.map((text) => text()).join('\n'),
  );
  const [source, replica] = [await work.open('source.wal'), await work.open('replica.wal')];
  assert.ok(source.lastSequence() >= operations);
  assert.ok(replica.lastSequence() >= source.lastSequence());
  assert.deepEqual(state(replica), state(source));
  assert.ok(source.size() > 50);
  assert.deepEqual(source.stats().consumers, [
    { name: 'replica', position: source.lastSequence() },
  ]);
  assert.ok(source.stats().floor > 0, 'the log was compacted meanwhile');
});

test('a source that has written everything ends when its replica dies', {
  timeout: 60_000,
}, async (t) => {
  const work = workspace(t);
  const store = await work.open('source.wal');
  must(await store.consumer('replica'));
  const value = 'x'.repeat(10_000);
  const puts = Array.from({ length: 300 }, (_, n) => store.put(`${n}`, value));
  for (const put of await Promise.all(puts)) must(put);
  must(await store.close());
  const { source, replica, ends } = startBoth(work, 1);
  t.after(() => source.kill('SIGKILL'));
  replica.stdout.once('data', () => replica.kill('SIGKILL'));
  const [[code, signal]] = await Promise.all(ends);
  assert.deepEqual([code, signal], [1, null]);
});

test('the example prints what it should, twice in a row', async (t) => {
  const { dir } = workspace(t);
  for (let round = 0; round < 2; round += 1) {
    const child = spawn(process.execPath, [program('main.mjs')], { cwd: dir, stdio: 'pipe' });
    const output = collect(child);
    const [code] = await once(child, 'close');
    assert.deepEqual([code, output.stderr], [0, '']);
    assert.match(
      output.stdout,
      /^== STORE FOLLOW EXAMPLE ==\nExit codes: 0 0\nEntries: \d+, the replica has the same: true\n$/,
    );
    assert.deepEqual(readdirSync(dir), []);
  }
});

test('a source whose replica is gone ends, also when nobody takes what it sends', async (t) => {
  const work = workspace(t);
  const store = await work.open('source.wal');
  must(await store.consumer('replica'));
  const value = 'x'.repeat(10_000);
  for (const put of await Promise.all(
    Array.from({ length: 300 }, (_, n) => store.put(`${n}`, value)),
  ))
    must(put);
  must(await store.close());
  const source = spawn(process.execPath, [program('source.mjs'), work.file('source.wal'), '1'], {
    stdio: 'pipe',
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  source.stdout.pause();
  // Its pipe is full when there was something to read.
  await once(source.stdout, 'readable');
  source.stdin.end();
  assert.deepEqual(await once(source, 'exit'), [1, null]);
});
