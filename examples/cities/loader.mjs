// The process that gets killed. It writes cities in their order, as far as the parent allows, and tells
// the parent of every acknowledgement. Usage: fork(loader, [path of the log, first place to write])

import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { keyOf, recordOf } from './cities.mjs';

/** Puts made in one turn of the event loop; the next turn's are staged while these are being synced. */
const SLICE = 1024;

const [path, first] = process.argv.slice(2);
const store = new StoreEngine(StoreConfig.durable(path));
let next = Number(first);
let allowed = next;
let submitting = false;
let acknowledged = [];

function stop(error) {
  process.send({ kind: 'failed', message: error.message }, () => process.exit(1));
}

async function write(place) {
  const result = await store.put(keyOf(place), recordOf(place));
  if (result.isErr()) {
    stop(result.error());
    return;
  }
  if (acknowledged.length === 0) setImmediate(report);
  acknowledged.push(place, result.value().version);
}

function submit() {
  const end = Math.min(allowed, next + SLICE);
  while (next < end) {
    write(next).catch(stop);
    next += 1;
  }
  submitting = next < allowed;
  if (submitting) setImmediate(submit);
}

function report() {
  process.send({ kind: 'acknowledged', pairs: Float64Array.from(acknowledged) });
  acknowledged = [];
}

const orders = {
  write({ upTo }) {
    allowed = upTo;
    if (!submitting) submit();
  },
  async close() {
    (await store.close()).value();
    process.disconnect();
  },
};

process.on('message', (order) => Promise.resolve(orders[order.kind](order)).catch(stop));
// Without its parent nobody counts what it writes.
process.on('disconnect', () => process.exit());

const opened = await store.recover();
if (opened.isErr()) stop(opened.error());
else process.send({ kind: 'ready' });
