// A store in memory answers at once, but not so that nobody else is ever asked.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, ClientOptions, Operation, StoreConfig, StoreEngine } from '../index.mjs';

const calls = {
  put: (engine, at) => engine.put(`key:${at % 100}`, 'value'),
  remove: (engine, at) => engine.remove(`key:${at % 100}`),
  apply: (engine, at) => engine.apply(Operation.put(`key:${at % 100}`, 'value')),
  batch: (engine, at) => engine.batch([{ type: 'put', key: `key:${at % 100}`, value: 'value' }]),
};

/** Awaits calls until a timer and an immediate were called in between, or there were far too many. */
async function awaitedUntilOthersRan(call) {
  let [timers, immediates, made] = [0, 0, 0];
  const timer = setInterval(() => {
    timers += 1;
  }, 1);
  const again = () => {
    immediates += 1;
    next = setImmediate(again);
  };
  let next = setImmediate(again);
  while ((timers < 3 || immediates < 3) && made < 1_000_000) {
    (await call(made)).value();
    made += 1;
  }
  clearInterval(timer);
  clearImmediate(next);
  return { timers, immediates };
}

for (const [name, call] of Object.entries(calls)) {
  test(`timers and immediates have their turn while a loop awaits ${name} of a store in memory`, async () => {
    const engine = (await StoreEngine.open(StoreConfig.memoryOnly())).value();
    const { timers, immediates } = await awaitedUntilOthersRan((at) => call(engine, at));
    await engine.close();
    assert.ok(timers >= 3 && immediates >= 3, `${timers} timers, ${immediates} immediates`);
  });
}

test('timers and immediates have their turn while a loop awaits put of a client in memory', async () => {
  const client = new Client(ClientOptions.memoryOnly('node'));
  (await client.open()).value();
  const { timers, immediates } = await awaitedUntilOthersRan((at) => client.put(`${at % 100}`, ''));
  await client.close();
  assert.ok(timers >= 3 && immediates >= 3, `${timers} timers, ${immediates} immediates`);
});
