// Ends in the way that is asked for while writes are in flight. Each acknowledged key is written at once to a
// file beside the log. Usage: node exits.mjs <path> exit|throw|reject|terminate|return

import { openSync, writeSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const ENOUGH = 300;
const LAST = 2000;

async function write(path, atEnough) {
  const store = (await StoreEngine.open(StoreConfig.durable(path))).value();
  const report = openSync(`${path}.acknowledged`, 'a');
  let acknowledged = 0;
  const put = async (n) => {
    const result = await store.put(`k${n}`, `value ${n}`);
    if (result.isErr()) return;
    writeSync(report, `k${n}\n`);
    acknowledged += 1;
    if (acknowledged === ENOUGH) await atEnough();
  };
  for (let n = 0; n < LAST; n += 1) {
    const done = put(n);
    if (n % 50 === 49) await done;
  }
}

const ways = {
  exit: () => process.exit(0),
  throw: () =>
    process.nextTick(() => {
      throw new Error('on purpose');
    }),
  reject: () => Promise.reject(new Error('on purpose')),
  return: () => undefined,
};

if (!isMainThread) {
  await write(workerData, () => parentPort.postMessage('enough'));
} else if (process.argv[3] === 'terminate') {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: process.argv[2] });
  worker.once('message', () => worker.terminate());
} else {
  // The end of the event loop is one of the ways out.
  await write(process.argv[2], ways[process.argv[3]]);
}
