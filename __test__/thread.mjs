import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import { childFile } from './helpers.mjs';

/** A worker thread that does what it is asked with a store of its own. It is ended with the test. */
export class Thread {
  #worker = new Worker(childFile('thread.mjs'));
  #waiting = new Map();
  #calls = 0;
  /** Settles when the thread has ended, with its exit code. */
  ended;
  /** What it did not catch. */
  uncaught = undefined;

  constructor(t) {
    this.ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#worker.on('error', (error) => {
      this.uncaught = error;
    });
    this.#worker.on('message', ({ id, answer, error }) => {
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) resolve(answer);
      else reject(error);
    });
    t.after(() => this.terminate());
  }

  /** Calls a function of children/thread.mjs. The promise stays open when the thread ends first. */
  call(call, ...args) {
    const id = this.#calls;
    this.#calls += 1;
    this.#worker.postMessage({ id, call, args });
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
  }

  async open(path, kind, options) {
    const opened = await this.call('open', path, kind, options);
    assert.equal(opened.ok, true, opened.message);
    return opened.value;
  }

  terminate() {
    return this.#worker.terminate();
  }
}

/** Threads that all have the log open. */
export async function threads(t, count, path) {
  const all = Array.from({ length: count }, () => new Thread(t));
  await Promise.all(all.map((thread) => thread.open(path)));
  return all;
}
