// A PostgreSQL server in a folder of its own, on the loopback interface, for as long as a program needs it.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import process from 'node:process';

const USER = 'bridge';

/** Where the packages of systems put the programs; the newest version first. */
function folders() {
  const versions = (root) =>
    existsSync(root)
      ? readdirSync(root)
          .sort((a, b) => Number(b) - Number(a))
          .map((version) => path.join(root, version, 'bin'))
      : [];
  const onPath = (process.env.PATH ?? '').split(path.delimiter);
  return [...onPath, ...versions('/usr/lib/postgresql'), ...versions('/opt/homebrew/opt')];
}

/** The folder with the programs of a server; undefined when there is none. */
export function findPostgres() {
  return folders().find((folder) =>
    ['initdb', 'postgres', 'pg_isready'].every((one) => existsSync(path.join(folder, one))),
  );
}

/** The server refuses to run as root. Who is root runs it as somebody else. */
function owner() {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  const line =
    users.find((one) => one.startsWith('postgres:')) ??
    users.find((one) => one.startsWith('nobody:'));
  const [, , uid, gid] = line.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export class PostgresServer {
  #programs;
  #folder;
  #owner = owner();
  #settings;
  #child;

  constructor(programs, folder, port, settings) {
    this.#programs = programs;
    this.#folder = folder;
    this.port = port;
    this.#settings = settings;
  }

  /** Makes a server in a folder that does not exist yet, and starts it. */
  static async start(folder, settings = {}) {
    const programs = findPostgres();
    if (programs === undefined) throw new Error('the programs initdb and postgres were not found');
    const server = new PostgresServer(programs, folder, await freePort(), settings);
    server.#make();
    await server.up();
    return server;
  }

  get data() {
    return path.join(this.#folder, 'data');
  }

  /** What a Pool of pg takes. */
  get connection() {
    return { host: '127.0.0.1', port: this.port, user: USER, database: 'postgres' };
  }

  #make() {
    mkdirSync(this.#folder, { recursive: true });
    if (this.#owner) chownSync(this.#folder, this.#owner.uid, this.#owner.gid);
    const args = [
      '-D',
      this.data,
      '-U',
      USER,
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
    ];
    const made = spawnSync(path.join(this.#programs, 'initdb'), args, {
      ...this.#owner,
      cwd: this.#folder,
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  }

  async up() {
    const all = {
      listen_addresses: '127.0.0.1',
      port: this.port,
      unix_socket_directories: this.#folder,
      log_min_messages: 'panic',
      ...this.#settings,
    };
    const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    this.#child = spawn(path.join(this.#programs, 'postgres'), ['-D', this.data, ...args], {
      ...this.#owner,
      cwd: this.#folder,
      stdio: 'ignore',
    });
    const ended = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`the server ended with code ${code}`);
    });
    ended.catch(() => undefined);
    await Promise.race([ended, this.#answers()]);
  }

  /** Until it accepts connections: pg_isready asks it properly. */
  async #answers() {
    const isReady = path.join(this.#programs, 'pg_isready');
    const args = ['-h', '127.0.0.1', '-p', String(this.port), '-q', '-t', '1'];
    for (;;) {
      const [code] = await once(spawn(isReady, args, { stdio: 'ignore' }), 'exit');
      if (code === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** `SIGINT` breaks all connections and ends it in order, `SIGQUIT` ends it as if it had crashed. */
  async down(signal = 'SIGINT') {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill(signal);
      await once(this.#child, 'exit');
    }
  }

  /** Ends it and removes its folder. */
  async remove() {
    await this.down('SIGQUIT');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
