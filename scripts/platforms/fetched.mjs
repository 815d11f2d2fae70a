import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fail, root, say } from '../run.mjs';

const PAUSES = [5, 20, 60];

function wait(seconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
}

/** Runs a step that needs a registry, again after a while if it fails: registries have their moments. */
export function fetched(title, command, args, { env, ...options } = {}) {
  const all = { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, ...options };
  return again(title, () => spawnSync(command, args, { ...all, env: { ...process.env, ...env } }));
}

/** `fetched` for a step that is run in another way. */
export function again(title, run) {
  say(title);
  for (const pause of [...PAUSES, undefined]) {
    const done = run();
    if (done.status === 0) return done;
    const why = done.error?.message ?? `exit code ${done.status}\n${done.stderr ?? ''}`;
    if (pause === undefined) fail(`${title}: ${why}`);
    say(`${title}: ${why.trim()}; again in ${pause} s`);
    wait(pause);
  }
  return undefined;
}
