// The parent's side of a load: starts the loader, allows writes, counts acknowledgements, kills.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { total } from './cities.mjs';

const loader = fileURLToPath(new URL('./loader.mjs', import.meta.url));

/** Writes that may be on their way at any moment. */
const WINDOW = 4096;

class Load {
  count = 0;
  failure;
  killing = false;
  killed = false;
  milliseconds = 0;

  constructor({ path, from, kill, versions, onProgress }) {
    Object.assign(this, { from, kill, versions, onProgress, submitted: from });
    this.child = fork(loader, [path, String(from)], { serialization: 'advanced' });
  }

  ready() {
    this.started = performance.now();
    this.order();
  }

  failed({ message }) {
    this.failure = message;
  }

  /** After a kill, what the child had sent before still arrives: such an acknowledgement counts. */
  acknowledged({ pairs }) {
    for (let i = 0; i < pairs.length; i += 2) this.versions[pairs[i]] = pairs[i + 1];
    this.count += pairs.length / 2;
    this.milliseconds = performance.now() - this.started;
    this.onProgress(this.from + this.count);
    if (!this.killed) this.order();
  }

  order() {
    const done = this.from + this.count;
    if (!this.killing && this.count >= this.kill?.after) {
      // Writing goes on until the signal, so it meets the child in any step of a commit.
      this.killing = true;
      setTimeout(() => this.end(), this.kill.delay);
    }
    if (done === total) {
      if (!this.killing) this.tell({ kind: 'close' });
    } else if (this.submitted < total) {
      // The child writes only what was allowed here before. So this side knows what can have been
      // submitted, also when the child dies before it could say anything.
      this.submitted = Math.min(total, done + WINDOW);
      this.tell({ kind: 'write', upTo: this.submitted });
    }
  }

  end() {
    this.killed = this.child.kill('SIGKILL');
  }

  tell(message) {
    // A child that has just died takes no message; how it ended is judged by its exit.
    this.child.send(message, () => undefined);
  }
}

function judge(load, code, signal) {
  const ending = signal ?? `exit code ${code}`;
  if (load.failure) throw new Error(`the loader failed: ${load.failure}`);
  if (load.killed ? signal !== 'SIGKILL' : code !== 0) {
    throw new Error(`the loader ended with ${ending} after ${load.count} acknowledgements`);
  }
  if (!load.killed && load.from + load.count !== total) {
    throw new Error(`the loader ended after ${load.from + load.count} of ${total} entries`);
  }
}

/**
 * Loads the cities from place `from` on in a child process; with `kill`, kills it `kill.delay`
 * milliseconds after `kill.after` acknowledgements have arrived. Fills `versions` by place. `submitted` is the end of what the child
 * can have tried to write.
 */
export async function supervise(task) {
  const load = new Load(task);
  load.child.on('message', (message) => load[message.kind](message));
  const [[code, signal]] = await Promise.all([
    once(load.child, 'exit'),
    once(load.child, 'disconnect'),
  ]);
  judge(load, code, signal);
  const { count, submitted, milliseconds } = load;
  return { count, submitted, milliseconds };
}
