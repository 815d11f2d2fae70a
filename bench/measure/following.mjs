// A writer with processes that follow its log.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from './clock.mjs';
import { putFor } from './opening.mjs';

const PROCESSES = 8;
const program = fileURLToPath(new URL('follower-process.mjs', import.meta.url));
/** A put that comes alone, after the ones before were seen. */
const PAUSE_MS = 5;

async function answerOf(child) {
  const [{ answer }] = await once(child, 'message');
  return answer;
}

function ask(child, question, about) {
  child.send({ ask: question, about });
  return answerOf(child);
}

/** Runs `use` with so many processes that follow this log, or do nothing, and a copy of the data. */
async function beside({ folder }, count, followed, use) {
  const copy = fs.mkdtempSync(path.join(path.dirname(folder), 'follow-'));
  const children = [];
  try {
    for (const name of ['store.wal', 'store.wal.index']) {
      fs.copyFileSync(path.join(folder, name), path.join(copy, name));
    }
    const args = followed ? [path.join(copy, 'store.wal')] : [];
    const options = { execArgv: ['--expose-gc'], serialization: 'advanced' };
    for (let at = 0; at < count; at += 1) {
      const child = fork(program, args, options);
      children.push(child);
      expect((await answerOf(child)) === 'ready', 'a process that starts');
    }
    return await use(copy, children);
  } finally {
    for (const child of children) child.kill();
    fs.rmSync(copy, { recursive: true, force: true });
  }
}

/** The rate of a writer while others follow it, or are there and do nothing; and what one of those takes. */
export function putsFollowed(context) {
  const { dataset, scale, peer } = context;
  const followed = peer === 'store';
  return beside(context, PROCESSES, followed, async (copy, children) => {
    const memory = await ask(children[0], 'memory');
    const { values, written } = await putFor(scale.writeSeconds * 1000, copy, context);
    for (const child of followed ? children : []) {
      const last = await ask(child, 'last');
      expect(last === dataset.size + written, `a follower of ${last} operations`);
    }
    return { values: { rate: values.rate, memory } };
  });
}

/** How long after the acknowledgement of a put the watch of a follower tells of it. */
export function followDelay(context) {
  const { openEngine, scale } = context;
  return beside(context, 1, true, async (copy, [child]) => {
    await ask(child, 'watch', 'delay/');
    const engine = await openEngine(copy, undefined, { compaction: false });
    (await engine.ready()).value();
    const acknowledged = new Map();
    const puts = Math.round(scale.writeSeconds * 400);
    for (let at = 0; at < puts; at += 1) {
      const key = `delay/${at}`;
      (await engine.put(key, 'x'.repeat(100))).value();
      acknowledged.set(key, process.hrtime.bigint());
      await sleep(PAUSE_MS);
    }
    const seen = await ask(child, 'seen');
    (await engine.close()).value();
    const delays = Array.from(acknowledged, ([key, at]) => {
      expect(seen.has(key), `${key} was seen`);
      // It can be told before its own process hears of it.
      return Math.max(0, Number(seen.get(key) - at) / 1e6);
    });
    delays.sort((a, b) => a - b);
    const part = (share) => delays[Math.floor(share * (delays.length - 1))];
    return { values: { p50: part(0.5), p99: part(0.99) } };
  });
}
