// One measurement in a process of its own. The job comes as an argument, the sample goes to the parent.

import process from 'node:process';
import { cases } from './cases/all.mjs';
import { datasetOf } from './data/datasets.mjs';
import { shuffled } from './data/random.mjs';
import { scaleOf } from './data/scale.mjs';
import { checkValues, many, points } from './measure/points.mjs';
import { scans } from './measure/scans.mjs';
import { bareRead, bareWrites, memory, overwrites, reopen } from './measure/space.mjs';
import { stalls } from './measure/stalls.mjs';
import { loopDelay, oneByOne, removes, waves } from './measure/writes.mjs';

/** `bare` is a program beside this one; `getString` is the store, asked the other way. */
const moduleOf = { getString: 'store' };

async function load({ peer, dataset: name, folder, quick }) {
  const dataset = datasetOf(name, scaleOf(quick));
  const { load: fill } = await import(`./peers/${peer}.mjs`);
  // Everyone gets the entries in the same random order: data rarely arrives sorted.
  await fill(folder, dataset, shuffled(dataset.size, 3));
  return {};
}

/** Writes some entries again as they are, durably, and leaves everything open: the parent kills this process. */
async function abandon({ peer, dataset: name, folder, quick }) {
  const dataset = datasetOf(name, scaleOf(quick));
  const { openWriter } = await import(`./peers/${peer}.mjs`);
  const writer = await openWriter(folder, { durable: true, valueBytes: 100 });
  const keys = Array.from({ length: 1000 }, (_, place) => dataset.key(place));
  const values = Array.from(keys, (_, place) => dataset.value(place));
  await writer.batch(keys, values);
  process.send({ written: keys.length });
}

async function read(context, measure) {
  const { dataset, peer, operation } = context;
  const reader = await context.openReader(context.folder, dataset, context.order);
  checkValues(reader, dataset);
  const asked = peer === 'getString' ? 'get' : operation;
  const sample = await measure({ ...context, reader, operation: asked });
  await reader.close();
  return sample;
}

async function write(context, measure) {
  const writer = await context.openWriter(context.folder, context);
  const how = writer[context.how] ? context.how : 'batch';
  const sample = await measure({ ...context, writer, how });
  await writer.close();
  return sample;
}

const kinds = {
  points: (context) => read(context, points),
  many: (context) => read(context, many),
  scans: (context) => read(context, scans),
  oneByOne: (context) => write(context, oneByOne),
  waves: (context) => write(context, waves),
  removes: (context) => write(context, removes),
  loopDelay: (context) => write(context, loopDelay),
  memory,
  reopen,
  overwrites,
  stalls,
};

function bare(context) {
  return context.measure === 'reopen' ? bareRead(context) : bareWrites(context);
}

async function measureOne(job) {
  const one = cases.find((candidate) => candidate.id === job.id);
  const context = { ...job, ...one, peer: job.peer, scale: scaleOf(job.quick) };
  if (job.peer === 'bare') return bare({ ...context, size: one.size ?? 1 });
  if (one.dataset) {
    context.dataset = datasetOf(one.dataset, context.scale);
    context.order = shuffled(context.dataset.size, 3);
  }
  return kinds[one.measure]({
    ...context,
    ...(await import(`./peers/${moduleOf[job.peer] ?? job.peer}.mjs`)),
  });
}

async function main() {
  // Also when the parent has gone: nobody wants the answer any more.
  process.on('disconnect', () => process.exit());
  const job = JSON.parse(process.argv[2]);
  if (job.kind === 'abandon') return abandon(job);
  const sample = await (job.kind === 'load' ? load(job) : measureOne(job));
  return process.send(sample, () => process.disconnect());
}

await main();
