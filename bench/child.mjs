// One measurement in a process of its own. The job comes as an argument, the sample goes to the parent.

import process from 'node:process';
import { cases } from './cases/all.mjs';
import { datasetOf } from './data/datasets.mjs';
import { generator, shuffled } from './data/random.mjs';
import { scaleOf } from './data/scale.mjs';
import { binding } from './measure/binding.mjs';
import { followDelay, putsFollowed } from './measure/following.mjs';
import { limited } from './measure/limited.mjs';
import {
  firstPut,
  hold,
  indexFile,
  opening,
  putsMeanwhile,
  ready,
  replay,
} from './measure/opening.mjs';
import { checkValues, many, points } from './measure/points.mjs';
import { scans } from './measure/scans.mjs';
import { bareRead, bareWrites, memory, overwrites } from './measure/space.mjs';
import { stalls } from './measure/stalls.mjs';
import { hotKey, mixed, queue } from './measure/workloads.mjs';
import { loopDelay, oneByOne, removes, waves } from './measure/writes.mjs';

/** Waves of 1,000 writes. */
const ABANDONED_AFTER = 20;

/** `bare` is a program beside this one; `getString`, `unindexed` and `idle` are the store, asked in another way. */
const moduleOf = { getString: 'store', unindexed: 'store', idle: 'store' };

async function load({ peer, dataset: name, folder, quick }) {
  const dataset = datasetOf(name, scaleOf(quick));
  const { load: fill } = await import(`./peers/${peer}.mjs`);
  // Everyone gets the entries in the same random order: data rarely arrives sorted.
  await fill(folder, dataset, shuffled(dataset.size, 3));
  return {};
}

/** Writes entries again as they are, durably, until the parent kills this process. */
async function abandon({ peer, dataset: name, folder, quick }) {
  const dataset = datasetOf(name, scaleOf(quick));
  const { openWriter } = await import(`./peers/${peer}.mjs`);
  const writer = await openWriter(folder, { durable: true, valueBytes: 100 });
  const random = generator(process.pid);
  for (let wave = 1; ; wave += 1) {
    const places = Array.from({ length: 1000 }, () => random(dataset.size));
    const keys = places.map((place) => dataset.key(place));
    await writer.batch(
      keys,
      places.map((place) => dataset.value(place)),
    );
    // With a turn of the event loop, in which the message leaves.
    if (wave === ABANDONED_AFTER) await new Promise((sent) => process.send({ wave }, sent));
  }
}

async function read(context, measure) {
  const { dataset, peer, operation } = context;
  const reader = await context.openReader(context.folder, context);
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
  hotKey: (context) => write(context, hotKey),
  mixed: (context) => write(context, mixed),
  queue: (context) => write(context, queue),
  limited,
  memory,
  replay,
  ready,
  hold,
  indexFile,
  putsMeanwhile,
  putsFollowed,
  followDelay,
  overwrites,
  stalls,
};

const dataBytes = ({ size, key, value }) => size * (key(0).length + value(0).length);

function bare(context) {
  return context.measure === 'replay' ? bareRead(context) : bareWrites(context);
}

async function measureOne(job) {
  const one = cases.find((candidate) => candidate.id === job.id);
  const context = { ...job, ...one, peer: job.peer, scale: scaleOf(job.quick) };
  if (one.measure === 'binding') return binding(context);
  if (job.peer === 'bare') return bare({ ...context, size: one.size ?? 1 });
  if (one.dataset) {
    context.dataset = datasetOf(one.dataset, context.scale);
    context.order = shuffled(context.dataset.size, 3);
  }
  if (one.part) context.limit = Math.round(one.part * dataBytes(context.dataset));
  const module = new URL(`./peers/${moduleOf[job.peer] ?? job.peer}.mjs`, import.meta.url);
  if (one.measure === 'opening') return opening({ ...context, module });
  if (one.measure === 'firstPut') return firstPut({ ...context, module });
  return kinds[one.measure]({ ...context, ...(await import(module)) });
}

async function main() {
  // Also when the parent is gone: nobody wants the answer any more.
  process.on('disconnect', () => process.exit());
  const job = JSON.parse(process.argv[2]);
  if (job.kind === 'abandon') return abandon(job);
  const sample = await (job.kind === 'load' ? load(job) : measureOne(job));
  return process.send(sample, () => process.disconnect());
}

await main();
