// node follower.mjs <log>: follows a log and checks whatever it sees of it: both sides have one number, and it never gets
// smaller. Asked for it, it brings itself up to date and tells that number.

import assert from 'node:assert/strict';
import process from 'node:process';
import { setImmediate as turn } from 'node:timers/promises';
import { StoreEngine } from '@softadastra/store';

const [log] = process.argv.slice(2);
const follower = (await StoreEngine.follow(log, { wait: true })).value();
let last = 0;
let sequence = 0;

/** The number that both sides have in one moment. */
function look() {
  const [left, right] = follower.getMany(['left', 'right']).map((text) => Number(text ?? 0));
  assert.equal(left, right, 'half a batch is shown');
  assert.ok(left >= last, `it goes back from ${last} to ${left}`);
  assert.ok(follower.lastSequence() >= sequence, 'its sequence goes back');
  last = left;
  sequence = follower.lastSequence();
  return left;
}

follower.on('change', ({ key, value, overflow }) => {
  const seen = key === 'left' ? Number(value.toString()) : undefined;
  assert.ok(
    seen === undefined || seen <= look() || overflow,
    'a change is told before it is shown',
  );
});

follower.on('restart', ({ reason }) => assert.equal(reason, 'checkpoint'));

process.on('message', async ({ ask }) => {
  (await follower.refresh()).value();
  const { restarts } = follower.stats();
  process.send({ answer: ask, number: look(), restarts, size: follower.size() });
});

process.send({ ready: true });
while (process.connected) {
  look();
  await turn();
  await new Promise((resolve) => setTimeout(resolve, 2));
}
