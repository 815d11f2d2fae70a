// What an addon must be able to do wherever it runs: open, write, be killed, recover, compact, back up, share a log with a
// thread. Usage: main.mjs FOLDER REPORT. A line for each step goes into the report: not every emulator has an output.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { SnapshotBuilderStore, StoreConfig, StoreEngine } from '@softadastra/store';

const [folder, report] = process.argv.slice(2);
const log = path.join(folder, 'smoke.wal');
const beside = (name) => fileURLToPath(new URL(name, import.meta.url));

/** A step that fails leaves the log to the next one. */
async function withStore(use) {
  const engine = (await StoreEngine.open(StoreConfig.durable(log))).value();
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

async function opens() {
  await withStore((engine) => assert.equal(engine.size(), 0));
}

async function writes() {
  await withStore(async (engine) => {
    for (let i = 0; i < 20; i += 1) (await engine.put(`key/${i}`, `value é ${i}`)).value();
    engine.putSync('sync', 'done').value();
    (await engine.remove('key/0')).value();
    assert.equal(engine.getString('key/19'), 'value é 19');
    assert.equal(engine.size(), 20);
  });
}

/** What the writer was told is stored. */
function acknowledged(file) {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
}

async function isKilledAndRecovers() {
  const told = path.join(folder, 'told');
  const child = spawn(process.execPath, [beside('writer.mjs'), log, told], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  while (acknowledged(told).length < 30 && child.exitCode === null) await pause(10);
  assert.equal(child.exitCode, null, 'the writer ended by itself');
  child.kill('SIGKILL');
  await ended;
  await withStore((engine) => {
    for (const key of acknowledged(told)) assert.equal(engine.getString(key), key);
    assert.equal(engine.getString('key/19'), 'value é 19');
  });
}

async function compacts() {
  const [size, entries] = await withStore(async (engine) => {
    for (let i = 0; i < 50; i += 1) (await engine.put('large', 'x'.repeat(10_000) + i)).value();
    const before = [statSync(log).size, engine.size()];
    (await engine.compact()).value();
    (await engine.put('after', 'the compaction')).value();
    return before;
  });
  assert.ok(statSync(log).size < size / 2, 'it is smaller');
  await withStore((engine) => {
    assert.equal(engine.size(), entries + 1);
    assert.equal(engine.getString('large'), `${'x'.repeat(10_000)}49`);
  });
}

async function backsUp() {
  const copy = path.join(folder, 'copy.wal');
  await withStore(async (engine) => {
    (await engine.backup(copy)).value();
    const read = (await SnapshotBuilderStore.build(copy)).value();
    assert.equal(read.size(), engine.size());
  });
}

async function sharesWithAThread() {
  await withStore(async (engine) => {
    const worker = new Worker(beside('thread.mjs'), { workerData: log });
    const [said] = await once(worker, 'message');
    assert.equal(said, 'value é 19', 'what this thread wrote is there');
    assert.equal(engine.getString('from a thread'), 'yes');
    await once(worker, 'exit');
  });
}

const steps = { opens, writes, isKilledAndRecovers, compacts, backsUp, sharesWithAThread };
for (const [name, step] of Object.entries(steps)) {
  try {
    await step();
    appendFileSync(report, `ok ${name}\n`);
  } catch (error) {
    appendFileSync(report, `not ok ${name}: ${error.stack.replaceAll('\n', ' ')}\n`);
    process.exitCode = 1;
  }
}
