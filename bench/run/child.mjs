import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { bench } from './folders.mjs';

/** Long enough for the slowest case on a slow disk; only a measurement that hangs gets here. */
const LIMIT = 10 * 60_000;

/** Runs one job in a fresh process and gives what it sent. */
export async function inChild(job) {
  const child = fork(path.join(bench, 'child.mjs'), [JSON.stringify(job)], {
    execArgv: ['--expose-gc'],
    serialization: 'advanced',
    timeout: LIMIT,
  });
  let sample;
  child.on('message', (message) => {
    sample = message;
  });
  const [code, signal] = await once(child, 'exit');
  if (code !== 0 || sample === undefined) {
    const what = job.id ?? `loading ${job.dataset}`;
    throw new Error(`${what} with ${job.peer} ended with ${signal ?? `exit code ${code}`}`);
  }
  return sample;
}
