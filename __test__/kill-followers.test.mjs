// Processes follow a log whose writer is killed under load, with compactions, and are killed themselves. What each shows is
// compared with what was acknowledged. KILL_ROUNDS sets how often, FOLLOWERS how many there are at once, SEED repeats the
// moments as far as processes repeat anything.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { readLog, StoreConfig, StoreEngine } from '@softadastra/store';
import { childFile, must, randomOf, workspace } from './helpers.mjs';

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 10);
const FOLLOWERS = Number(process.env.FOLLOWERS ?? 6);

/** A process that is talked to, and what it has said of each kind. */
class Child {
  #process;
  #heard = [];
  #wake = () => undefined;
  #ended;
  errors = '';

  constructor(t, name, ...args) {
    this.#process = fork(childFile(name), args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#process.stderr.setEncoding('utf8').on('data', (text) => {
      this.errors += text;
    });
    this.#process.on('message', (message) => {
      this.#heard.push(message);
      this.#wake();
    });
    this.#ended = once(this.#process, 'close');
    this.#process.on('close', () => this.#wake());
    t.after(() => this.#process.kill('SIGKILL'));
  }

  /** Waits for a message that fits, and fails if the process ends before. */
  async hear(fits) {
    for (;;) {
      const found = this.#heard.find(fits);
      if (found !== undefined) {
        this.#heard = this.#heard.filter((message) => message !== found);
        return found;
      }
      assert.equal(this.#process.exitCode, null, this.errors);
      assert.equal(this.#process.signalCode, null, this.errors);
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  say(message) {
    this.#process.send(message);
  }

  /** Stops all of its threads, which go on until one of them has taken the signal. */
  async stop() {
    this.#process.kill('SIGSTOP');
    const stat = `/proc/${this.#process.pid}/stat`;
    while (process.platform === 'linux' && !/\) T /.test(readFileSync(stat, 'latin1'))) {
      await turn();
    }
  }

  goOn() {
    this.#process.kill('SIGCONT');
  }

  /** Kills it, and gives all that it has said and nobody has heard. */
  async kill() {
    this.#process.kill('SIGKILL');
    const [code, signal] = await this.#ended;
    assert.deepEqual([code, signal], [null, 'SIGKILL'], this.errors);
    return this.#heard;
  }
}

let questions = 0;

/** What a follower shows once it has seen all that was acknowledged before. */
async function ask(follower) {
  questions += 1;
  const number = questions;
  follower.say({ ask: number });
  return follower.hear((message) => message.answer === number);
}

function follow(t, log) {
  return new Child(t, 'follower.mjs', log);
}

/** A writer that compacts whenever it is told to, and after each so many writes. */
function write(t, log, often = Number.POSITIVE_INFINITY) {
  return new Child(t, 'followed-writer.mjs', log, String(often));
}

/** Lets a writer go on until it has made so many writes more, and gives the last one. */
async function acknowledged(writer, count) {
  let last;
  for (let heard = 0; heard < count; heard += 1) {
    last = await writer.hear((message) => message.acknowledged !== undefined);
  }
  return last.acknowledged;
}

/** All that was acknowledged is shown, and nothing that the log does not have. */
async function checkShown({ number }, last, log) {
  const found = Number(must(must(await readLog(log)).get('left')).value.toString());
  const fits = number >= last && number <= found;
  assert.ok(fits, `acknowledged ${last}, shown ${number}, in the log ${found}`);
}

/** The last write that a killed writer had acknowledged. */
async function killed(writer, last) {
  const unheard = await writer.kill();
  return unheard.reduce((most, message) => Math.max(most, message.acknowledged ?? 0), last);
}

test(`${ROUNDS} kills of writers and followers: each follower shows what was acknowledged, and never goes back`, {
  timeout: 120_000 + ROUNDS * 20_000,
}, async (t) => {
  const { file } = workspace(t);
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));
  t.diagnostic(`SEED=${seed}`);
  const random = randomOf(seed);
  const followers = Array.from({ length: 3 }, () => follow(t, file()));
  let last = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const writer = write(t, file(), 300);
    last = await acknowledged(writer, 1 + Math.floor(random() * 400));
    const shown = await ask(followers[round % 3]);
    assert.ok(shown.number >= last, `${shown.number} is shown beside the writer, not ${last}`);
    if (round % 2 === 1) {
      const at = Math.floor(random() * 3);
      await followers[at].kill();
      followers[at] = follow(t, file());
      last = await acknowledged(writer, 1 + Math.floor(random() * 50));
    }
    last = await killed(writer, last);
    for (const follower of followers) {
      await checkShown(await ask(follower), last, file());
    }
  }
  const store = must(await StoreEngine.open(StoreConfig.durable(file())));
  const kept = Number(store.getString('left'));
  for (const follower of followers) {
    const { number, size } = await ask(follower);
    assert.deepEqual([number, size], [kept, store.size()]);
  }
  must(await store.close());
});

test('a follower that is stopped over three compactions shows the rest once it goes on', async (t) => {
  const { file } = workspace(t);
  const writer = write(t, file());
  await acknowledged(writer, 10);
  const follower = follow(t, file());
  await ask(follower);
  await follower.stop();
  for (let round = 0; round < 3; round += 1) {
    writer.say({ compact: true });
    await writer.hear((message) => message.compacted);
    await acknowledged(writer, 20);
  }
  follower.goOn();
  const last = await killed(writer, await acknowledged(writer, 1));
  const answer = await ask(follower);
  await checkShown(answer, last, file());
  assert.equal(answer.restarts, 1);
});

test(`${FOLLOWERS} followers of one log all show the same`, async (t) => {
  const { file } = workspace(t);
  const writer = write(t, file(), 300);
  const followers = Array.from({ length: FOLLOWERS }, () => follow(t, file()));
  await Promise.all(followers.map((follower) => follower.hear((message) => message.ready)));
  const last = await killed(writer, await acknowledged(writer, 200));
  const answers = await Promise.all(followers.map(ask));
  for (const answer of answers) {
    await checkShown(answer, last, file());
  }
});
