// Calls that are done when they return, where nothing that needs the event loop is done any more.
// Usage: node sync-ends.mjs <path> exit|worker|pool [<a pipe>]

import { readFile } from 'node:fs';
import process from 'node:process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { report } from './report.mjs';

const [path, way, pipe] = isMainThread ? process.argv.slice(2) : workerData;

/** Leaves a commit under way and staged writes, and goes on while the thread ends. */
async function endWithWrites() {
  const store = (await StoreEngine.open(StoreConfig.durable(path))).value();
  process.on('exit', () => {
    store.put('staged', 'at the end');
    const { version } = store.putSync('exit', 'done').value();
    report(`${version} ${store.batchSync([{ type: 'remove', key: 'staged' }]).isOk()}`);
  });
  for (let n = 0; n < 100; n += 1) store.put(`k${n}`, 'x');
  await nextTurn();
  for (let n = 100; n < 200; n += 1) store.put(`k${n}`, 'x');
  process.exit(0);
}

/** The only thread that libuv has waits for a pipe that nobody writes to. */
async function writeWithoutWorkers() {
  const store = (await StoreEngine.open(StoreConfig.durable(path))).value();
  readFile(pipe, () => report('the pipe was read'));
  await nextTurn();
  const settled = [];
  const later = [1, 2].map((n) => store.put(`k${n}`, 'x').then((put) => settled.push(put.value())));
  await nextTurn();
  later.push(store.remove('k1').then((removed) => settled.push(removed.value())));
  report(`done ${store.putSync('k3', 'x').value().version}`);
  store.flushSync().value();
  await Promise.all(later);
  report(`settled ${settled.map(({ version }) => version)}`);
  (await store.close()).value();
}

if (way === 'pool') {
  await writeWithoutWorkers();
} else if (way === 'worker' && isMainThread) {
  new Worker(fileURLToPath(import.meta.url), { workerData: [path, way] });
} else {
  await endWithWrites();
}
