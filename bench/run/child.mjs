import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { bench } from './folders.mjs';

/** Long enough for the slowest case on a slow disk; only a measurement that hangs gets here. */
const LIMIT = 10 * 60_000;

function start(job) {
  return fork(path.join(bench, 'child.mjs'), [JSON.stringify(job)], {
    execArgv: ['--expose-gc'],
    serialization: 'advanced',
    timeout: LIMIT,
  });
}

function failed(job, code, signal) {
  const what = job.id ?? `${job.kind} of ${job.dataset}`;
  return new Error(`${what} with ${job.peer} ended with ${signal ?? `exit code ${code}`}`);
}

/** Runs one job in a fresh process and gives what it sent. */
export async function inChild(job) {
  const child = start(job);
  let sample;
  child.on('message', (message) => {
    sample = message;
  });
  const [code, signal] = await once(child, 'exit');
  if (code !== 0 || sample === undefined) throw failed(job, code, signal);
  return sample;
}

/** Runs one job in a fresh process until it says that it is done, and kills it there and then. */
export async function inKilledChild(job) {
  const child = start(job);
  child.once('message', () => child.kill('SIGKILL'));
  const [code, signal] = await once(child, 'exit');
  if (signal !== 'SIGKILL') throw failed(job, code, signal);
}
