// Calls that are done when they return need neither the event loop nor a free worker, and are as durable as they say.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { childFile, collect, must, refused, runChild, workspace } from './helpers.mjs';
import { Thread } from './thread.mjs';

for (const way of ['exit', 'worker']) {
  const where = way === 'exit' ? 'a process' : 'a thread';
  test(`while ${where} ends all that was called is written, in order`, async (t) => {
    const work = workspace(t);
    const child = await runChild('sync-ends.mjs', [work.file(), way]);
    assert.deepEqual([child.code, child.stderr], [0, '']);
    assert.equal(child.stdout, '202 true\n');
    const store = await work.open();
    assert.equal(store.lastSequence(), 203);
    assert.equal(store.size(), 201);
    for (let n = 0; n < 200; n += 1) assert.equal(store.get(`k${n}`).value().version, n + 1);
    assert.equal(store.get('exit').value().version, 202);
  });
}

const noPipes = process.platform === 'win32' && 'there are no pipes with names';

test('a commit that no worker has come to is done by the call', { skip: noPipes }, async (t) => {
  const work = workspace(t);
  const pipe = work.file('pipe');
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
  const args = [childFile('sync-ends.mjs'), work.file(), 'pool', pipe];
  const child = spawn(process.execPath, args, { env });
  const output = collect(child);
  const ended = once(child, 'close');
  await Promise.race([once(child.stdout, 'data'), ended]);
  assert.match(output.stdout, /^done 4\n/, output.stderr);
  writeFileSync(pipe, '');
  const [code] = await ended;
  assert.deepEqual([code, output.stderr], [0, '']);
  assert.match(output.stdout, /the pipe was read\n/);
  assert.match(output.stdout, /settled 1,2,3\n/);
  assert.equal((await work.open()).lastSequence(), 4);
});

test('threads that share a store write in one order of versions', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const others = [new Thread(t), new Thread(t)];
  for (const thread of others) await thread.open(work.file());
  const written = [...others.map((thread, n) => thread.call('putAllSync', `t${n}`, 200))];
  written.push(others[0].call('putAll', 'later', 200));
  const mine = [];
  for (let n = 0; n < 200; n += 1) {
    const later = store.put(`later/${n}`, 'x');
    mine.push(must(store.putSync(`main/${n}`, 'x')).version);
    mine.push(must(await later).version);
  }
  const versions = [
    mine,
    ...(await Promise.all(written)).map((puts) => puts.map((put) => put.version)),
  ];
  const all = versions.flat().sort((a, b) => a - b);
  assert.deepEqual(
    all,
    Array.from({ length: 1000 }, (_, n) => n + 1),
  );
  for (const one of versions.slice(1))
    assert.deepEqual(
      one,
      [...one].sort((a, b) => a - b),
    );
});

test('a thread that is ended in the middle keeps what it was told', async (t) => {
  const work = workspace(t);
  const store = await work.open();
  const thread = new Thread(t);
  await thread.open(work.file());
  const acknowledged = new Int32Array(new SharedArrayBuffer(4));
  thread.call('loadSync', 'count', acknowledged.buffer).catch(assert.fail);
  while (Atomics.load(acknowledged, 0) < 50) must(await store.put('main', 'x'));
  await thread.terminate();
  const last = Atomics.load(acknowledged, 0);
  const found = Number(store.getString('count'));
  assert.ok(found === last || found === last + 1, `${last} acknowledged, ${found} found`);
  must(store.putSync('main', 'y'));
  refused(store.putSync('main', 'y', { ifVersion: 0 }), 'already_exists');
});
