// Two stores in two processes: one follows the history of the other over a pipe. The store makes the operations and
// applies them; carrying the bytes is up to the program. Kill either side and start again: nothing is lost.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { pipeline } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { SnapshotBuilderStore } from '@softadastra/store';
import { freshLog, removeLog } from '../support/data.mjs';

const program = (name) => fileURLToPath(new URL(name, import.meta.url));
const start = (name, ...args) =>
  spawn(process.execPath, [program(name), ...args], { stdio: ['pipe', 'pipe', 'inherit'] });

const sourceLog = freshLog('data/follow_source.wal');
const replicaLog = freshLog('data/follow_replica.wal');

const source = start('source.mjs', sourceLog, '1000');
const replica = start('replica.mjs', replicaLog);
// Whoever dies takes both pipes along, so that the other one ends too; its exit code tells what became of it.
pipeline(source.stdout, replica.stdin, () => undefined);
pipeline(replica.stdout, source.stdin, () => undefined);
const codes = await Promise.all([source, replica].map((child) => once(child, 'exit')));

const state = async (log) => {
  const snapshot = (await SnapshotBuilderStore.build(log)).value();
  return Array.from(
    snapshot.entries(),
    ([key, { value, timestamp }]) => `${key} ${value} ${timestamp}`,
  );
};
const [here, there] = [await state(sourceLog), await state(replicaLog)];
const equal = here.join('\n') === there.join('\n');
console.log('== STORE FOLLOW EXAMPLE ==');
console.log(`Exit codes: ${codes.map(([code]) => code).join(' ')}`);
console.log(`Entries: ${here.length}, the replica has the same: ${equal}`);

removeLog(sourceLog);
removeLog(replicaLog);
