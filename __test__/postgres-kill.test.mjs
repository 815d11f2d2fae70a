// Three nodes write while nodes are killed, the server is ended as if it had crashed, and connections are cut. When all is
// quiet the nodes and the table agree, and each key has its latest write: every acknowledged one is there, or was beaten by a
// later one. Many schedules run at once, each with a schema and stores of its own.
// BRIDGE_SCHEDULES sets how many; SEED repeats the moments as far as processes repeat anything.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreEngine } from '@softadastra/store';
import { PostgresBridge } from '@softadastra/store/postgres';
import pg from 'pg';
import { folder } from './folders.mjs';
import { childFile, must, randomOf } from './helpers.mjs';
import { CuttingProxy } from './postgres-proxy.mjs';
import { needsServer, startServer } from './postgres-support.mjs';

const SCHEDULES = Number(process.env.BRIDGE_SCHEDULES ?? 50);
const AT_ONCE = 50;
const EVENTS = 12;
const NODES = [1, 2, 3];
/** No value is empty. */
const REMOVED = '';
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const server = await startServer();

/** The process of one node of some schedules. It is started again each time that it is killed. */
class NodeProcess {
  #child;
  #life = 0;
  failed = [];

  constructor(dir, nodeId, schedules, proxy) {
    this.what = { dir, nodeId, schedules, connection: { ...server.connection, port: proxy.port } };
    this.proxy = proxy;
  }

  start() {
    this.#life += 1;
    const argument = JSON.stringify({ ...this.what, life: this.#life });
    this.#child = fork(childFile('postgres-node.mjs'), [argument]);
    this.#child.on('message', ({ failed }) => failed && this.failed.push(failed));
    this.ready = this.#answer('ready');
    this.ready.catch(() => undefined);
  }

  async kill() {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }

  async ask(what) {
    await this.ready;
    const answer = this.#answer('states');
    this.#child.send(what);
    return answer;
  }

  #answer(name) {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const end = (code, signal) => reject(new Error(`a node ended: ${code ?? signal}`));
      const hear = (message) => {
        if (message[name] === undefined) return;
        child.off('message', hear);
        child.off('exit', end);
        resolve(message[name]);
      };
      child.on('message', hear);
      child.once('exit', end);
    });
  }
}

/** What happens to nodes, connections and the server while nodes write. */
async function disturb(random, processes) {
  for (let event = 0; event < EVENTS; event += 1) {
    await sleep(random() * 600);
    const one = processes[Math.floor(random() * processes.length)];
    const kind = random();
    if (kind < 0.4) {
      await one.kill();
      await sleep(random() * 200);
      one.start();
    } else if (kind < 0.55) {
      await server.down('SIGQUIT');
      await sleep(random() * 300);
      await server.up();
    } else if (kind < 0.85) {
      one.proxy.cut();
    } else {
      one.proxy.refuse();
      setTimeout(() => one.proxy.accept(), random() * 1000);
    }
  }
}

/** What the nodes noted of a schedule, as it is with each key: all values, and the latest write that was acknowledged. */
function readNotes(dir, schedule) {
  const keys = new Map();
  for (const nodeId of NODES) {
    const lines = readFileSync(`${dir}/${schedule}-${nodeId}.txt`, 'utf8').split('\n').slice(0, -1);
    for (const line of lines) {
      const [what, key, time, value] = line.split(' ');
      const noted = keys.get(key) ?? { values: new Set(), made: 0, node: 0, value: undefined };
      keys.set(key, noted);
      const made = Number(time);
      if (what === 'begun') noted.values.add(value);
      else if (made > noted.made || (made === noted.made && nodeId > noted.node))
        Object.assign(noted, { made, node: nodeId, value });
    }
  }
  return keys;
}

async function tableOf(client, schedule) {
  const { rows } = await client.query(`SELECT key, value, made, node FROM s${schedule}.state`);
  const entries = rows.map(({ key, value, made, node }) => [
    key.toString(),
    { value: value?.toString() ?? REMOVED, made: Number(made), node: Number(node) },
  ]);
  return new Map(entries);
}

const present = (table) => [...table].filter(([, { value }]) => value !== REMOVED);
const sorted = (entries) => JSON.stringify([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));

/** Waits until every node of every schedule has what its table has. */
async function agree(client, schedules, processes) {
  const latest = Date.now() + 90_000;
  let differing = new Set(schedules);
  while (differing.size > 0) {
    const answers = await Promise.all(processes.map((one) => one.ask('states')));
    const still = new Set();
    for (const schedule of differing) {
      const table = sorted(
        present(await tableOf(client, schedule)).map(([key, { value }]) => [key, value]),
      );
      const states = answers.map((answer) => answer.find(([one]) => one === schedule));
      const same = states.every(
        ([, content, behind]) => behind === 0 && sorted(Object.entries(content)) === table,
      );
      if (!same) still.add(schedule);
      if (!same && Date.now() > latest)
        assert.fail(`${schedule}: ${table} ${JSON.stringify(states)}`);
    }
    differing = still;
    await sleep(100);
  }
}

async function checkSchedule(client, dir, schedule) {
  const table = await tableOf(client, schedule);
  for (const [key, noted] of readNotes(dir, schedule)) {
    const { value, made, node } = table.get(key) ?? { made: 0, node: 0 };
    const where = `${schedule} ${key}: ${JSON.stringify({ value, made, node, noted })}`;
    assert.ok(noted.made < made || (noted.made === made && noted.node <= node), where);
    if (noted.made === made && noted.node === node) assert.equal(value, noted.value, where);
    if (table.has(key)) assert.ok(noted.values.has(value), where);
  }
  const s = `s${schedule}`;
  const { rows } = await client.query(`SELECT count(*) AS changes, max(seq) AS last,
    count(DISTINCT (key, made, node)) AS once, (SELECT last FROM ${s}.meta) AS noted FROM ${s}.changes`);
  const [{ changes, last, once: different, noted }] = rows;
  assert.deepEqual([last, different, noted], [changes, changes, changes], `${schedule}: changes`);
}

async function migrate(schedules) {
  const pool = new pg.Pool({ ...server.connection, max: 4 });
  const engine = new StoreEngine({ mode: 'memory', nodeId: 1 });
  for (const schedule of schedules) {
    const bridge = new PostgresBridge(engine, { pool, nodeId: 1, schema: `s${schedule}` });
    must(await bridge.migrate());
  }
  await pool.end();
}

async function runSchedules(t, first, random) {
  const dir = folder();
  const schedules = Array.from({ length: AT_ONCE }, (_, at) => first + at);
  await migrate(schedules);
  const proxies = await Promise.all(NODES.map(() => CuttingProxy.start(server.port)));
  const processes = NODES.map((nodeId, at) => new NodeProcess(dir, nodeId, schedules, proxies[at]));
  const client = new pg.Client(server.connection);
  t.after(async () => {
    for (const one of processes) await one.kill();
    for (const proxy of proxies) proxy.stop();
    await client.end();
  });
  for (const one of processes) one.start();
  await Promise.all(processes.map(({ ready }) => ready));
  await disturb(random, processes);
  for (const { proxy } of processes) proxy.accept();
  for (const one of processes) await one.ask('quiet');
  await client.connect();
  await agree(client, schedules, processes);
  for (const schedule of schedules) await checkSchedule(client, dir, schedule);
  for (const one of processes) assert.deepEqual(one.failed, []);
}

for (let first = 0; first < SCHEDULES; first += AT_ONCE) {
  const name = `schedules ${first} to ${first + AT_ONCE - 1}, seed ${seed}`;
  test(`${name}: nodes that are killed agree, and nothing acknowledged is lost`, needsServer, (t) =>
    runSchedules(t, first, randomOf(seed + first)),
  );
}
