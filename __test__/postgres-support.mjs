// A real PostgreSQL for the tests, where its programs are found. With REQUIRE_POSTGRES, as in CI, nothing is skipped.

import { chmodSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { PostgresBridge } from '@softadastra/store/postgres';
import pg from 'pg';
import { findPostgres, PostgresServer } from '../examples/support/postgres.mjs';
import { folder } from './folders.mjs';
import { must } from './helpers.mjs';

const found = findPostgres() !== undefined;
if (!found && process.env.REQUIRE_POSTGRES)
  throw new Error('PostgreSQL is required and was not found');
if (!found) console.log('# skipped: the programs initdb, postgres and pg_isready were not found');

/** What tests that need a server are told. */
export const needsServer = { skip: found ? false : 'PostgreSQL was not found' };

/** Quick: a server that is killed loses nothing that the system has. */
const QUICK = { fsync: 'off', shared_buffers: '64MB', max_connections: 200 };

/** A server for a test file, ended with it. */
export async function startServer(settings) {
  if (!found) return undefined;
  const dir = folder();
  // The server runs as somebody else where the tests run as root.
  chmodSync(dir, 0o755);
  const server = await PostgresServer.start(path.join(dir, 'server'), {
    ...QUICK,
    ...settings,
  });
  after(() => server.remove());
  return server;
}

/** Nodes of one schema on a server, closed when the test ends. */
export class Nodes {
  #server;
  #dir = folder();
  #open = [];
  schema;

  constructor(t, server, schema) {
    this.#server = server;
    this.schema = schema;
    t.after(async () => {
      for (const node of this.#open) await node.end();
    });
  }

  file(name) {
    return path.join(this.#dir, name);
  }

  /** A node that is neither migrated nor started. */
  async open(nodeId, { file = `node-${nodeId}.wal`, store = {}, connection, ...options } = {}) {
    const config = StoreConfig.durable(this.file(file), { nodeId, ...store });
    const engine = must(await StoreEngine.open(config));
    const pool = new pg.Pool({ ...this.#server.connection, ...connection, max: 4 });
    // What ends an idle connection while no bridge listens.
    pool.on('error', () => undefined);
    const bridge = new PostgresBridge(engine, {
      pool,
      nodeId,
      schema: this.schema,
      pollMs: 200,
      ...options,
    });
    const events = { failures: [], restarts: [] };
    bridge.on('failure', (error) => events.failures.push(error));
    bridge.on('restart', ({ reason }) => events.restarts.push(reason));
    const end = async () => {
      await bridge.stop();
      await engine.close();
      if (!pool.ended) await pool.end();
    };
    const node = { nodeId, engine, bridge, pool, ...events, end };
    this.#open.push(node);
    return node;
  }

  async start(nodeId, options) {
    const node = await this.open(nodeId, options);
    must(await node.bridge.migrate());
    must(await node.bridge.start());
    return node;
  }
}

/** What a node has, without what the bridges remember. */
export function content(engine) {
  const entries = Array.from(engine.entries(), ([key, { value }]) => [key, value.toString()]);
  return Object.fromEntries(entries.filter(([key]) => !key.startsWith('~softadastra/')));
}

export async function until(holds, what = holds, milliseconds = 20_000) {
  const latest = Date.now() + milliseconds;
  while (!(await holds())) {
    if (Date.now() > latest) throw new Error(`it did not become true: ${what}`);
    await sleep(10);
  }
}

/** Waits until all nodes have what the first one has and all of it was sent. */
export async function agreed(...nodes) {
  const text = ({ engine }) => JSON.stringify(content(engine));
  await until(
    () =>
      nodes.every(
        ({ bridge }) => bridge.status().out.behind === 0 && bridge.status().in.behind === 0,
      ) && nodes.every((node) => text(node) === text(nodes[0])),
    'the nodes agree',
  );
}

/** One query, in a connection of its own. */
export async function query(server, text, values) {
  const client = new pg.Client(server.connection);
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}
