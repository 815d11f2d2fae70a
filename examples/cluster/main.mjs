// One process writes, four serve reads of the same log. Each of them is killed in turn and started again: the readers never
// miss an order that was acknowledged, and never show one in part.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freshLog, removeLog } from '../support/data.mjs';

const READERS = 4;
/** Orders between two kills. */
const ORDERS = 100;

const log = freshLog('data/cluster.wal');
const program = (name) => fileURLToPath(new URL(name, import.meta.url));
let acknowledged = 0;

async function start(name) {
  const child = fork(program(name), [log]);
  const [message] = await once(child, 'message');
  if (!message.ready) throw new Error(`${name} said ${JSON.stringify(message)}`);
  child.on('message', ({ acknowledged: number = 0 }) => {
    acknowledged = Math.max(acknowledged, number);
  });
  return { name, child };
}

async function kill({ name, child }) {
  child.kill('SIGKILL');
  await once(child, 'exit');
  return start(name);
}

/** What a reader has, and whether that is all that was acknowledged before. */
function ask({ child }) {
  const before = acknowledged;
  const answered = new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error('a reader has ended')));
    child.on('message', function answer({ answer: asked, last, orders }) {
      if (asked !== before) return;
      child.off('message', answer);
      resolve({ complete: last >= before, whole: orders === last, last });
    });
  });
  child.send({ ask: before });
  return answered;
}

let writer = await start('writer.mjs');

async function moreOrders() {
  const wanted = acknowledged + ORDERS;
  while (acknowledged < wanted) await once(writer.child, 'message');
}

const readers = await Promise.all(Array.from({ length: READERS }, () => start('reader.mjs')));
let [complete, whole, killed] = [true, true, 0];
for (let turn = 0; turn <= READERS; turn += 1) {
  await moreOrders();
  if (turn === READERS) writer = await kill(writer);
  else readers[turn] = await kill(readers[turn]);
  killed += 1;
  await moreOrders();
  for (const answer of await Promise.all(readers.map(ask))) {
    complete &&= answer.complete;
    whole &&= answer.whole;
  }
}
writer.child.send({ end: true });
await once(writer.child, 'exit');
const ends = await Promise.all(readers.map(ask));
for (const { child } of readers) child.disconnect();
await Promise.all(readers.map(({ child }) => once(child, 'exit')));

console.log('== STORE CLUSTER EXAMPLE ==');
console.log(`Processes killed and started again: ${killed}`);
console.log(`Readers had all that was acknowledged: ${complete}`);
console.log(`Readers had whole batches only: ${whole}`);
console.log(`Readers agree at the end: ${ends.every(({ last }) => last === ends[0].last)}`);
removeLog(log);
