// A process that follows the log of its parent, or one that does nothing if it is given none. It answers what it is asked.

import process from 'node:process';

const log = process.argv[2];
const seen = new Map();

async function follow() {
  const { StoreEngine } = await import('../release/index.mjs');
  return (await StoreEngine.follow(log)).value();
}

const follower = log ? await follow() : undefined;
(await follower?.ready())?.value();

async function watch(prefix) {
  for await (const { key } of follower.watch({ prefix })) seen.set(key, process.hrtime.bigint());
}

const answers = {
  memory() {
    global.gc();
    return process.memoryUsage().rss / 1e6;
  },
  async last() {
    return (await follower.refresh()).value();
  },
  watch(prefix) {
    void watch(prefix);
  },
  async seen() {
    (await follower.refresh()).value();
    // What was shown is told a turn later.
    await new Promise((resolve) => setTimeout(resolve, 100));
    return seen;
  },
};

process.on('disconnect', () => process.exit());
process.on('message', async ({ ask, about }) =>
  process.send({ answer: await answers[ask](about) }),
);
process.send({ answer: 'ready' });
