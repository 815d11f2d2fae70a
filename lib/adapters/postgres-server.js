'use strict';

const { SoftadastraError, invalidArgument } = require('../types/error.js');
const { Buffer, RealPromise } = require('../runtime/runtime.js');
const { waitFor } = require('../runtime/clock.js');
const { bigintArray, byteaArray } = require('./postgres-arrays.js');
const { errorOf, final, isAboutTheData } = require('./postgres-error.js');
const { CLOCK, SCHEMA_VERSION, channel, migration } = require('./postgres-schema.js');

/** Every column comes as text, whatever the program has told `pg` about types. */
const AS_TEXT = { getTypeParser: () => (text) => text };

const ROW = `encode(key, 'base64'), encode(value, 'base64'), made, node, expires`;

/** What fits into memory at a time: of the rows in their order those up to some bytes, and at least one. */
function bounded(from, order) {
  return `SELECT ${ROW} FROM (SELECT *, sum(octet_length(value)) OVER (ORDER BY ${order}) AS up_to
    FROM ${from} ORDER BY ${order} LIMIT $2) t
    WHERE coalesce(up_to, 0) - coalesce(octet_length(value), 0) <= $3 ORDER BY ${order}`;
}

function statements(s) {
  const place = `${s}.place(key)`;
  return {
    meta: `SELECT version, encode(prefix, 'base64') FROM ${s}.meta`,
    register: `SELECT generation, wrote, last, token, clock FROM ${s}.register($1, $2)`,
    node: `SELECT generation FROM ${s}.nodes WHERE id = $1`,
    forget: `DELETE FROM ${s}.nodes WHERE id = $1`,
    push: `SELECT wrote, clock, array_to_string(beaten, ' ')
      FROM ${s}.push($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    progress: `UPDATE ${s}.nodes SET sent = greatest(sent, $3), read = greatest(read, $4),
      seen_at = clock_timestamp() WHERE id = $1 AND generation = $2 RETURNING id`,
    batches: `SELECT last, node, operations, bytes, token, for_all FROM ${s}.batches
      WHERE last >= $1 ORDER BY last LIMIT $2`,
    oldest: `SELECT min(last) FROM ${s}.batches`,
    changes: `SELECT ${ROW} FROM ${s}.changes WHERE seq > $1 AND seq <= $2 ORDER BY seq`,
    page: bounded(`${s}.state WHERE ${place} > ${s}.place($1)`, `${s}.place(key)`),
    rows: bounded(
      `${s}.state WHERE ${place} = ANY (SELECT ${s}.place(k) FROM unnest($1::bytea[]) k)`,
      `${s}.place(key)`,
    ),
    prune: `SELECT ${s}.prune($1)`,
    clock: `SELECT ${CLOCK}`,
    listen: `LISTEN "${channel(s)}"`,
  };
}

/** The calls of the server, each one round trip, with a bound on how long it may take. */
class Server {
  #pool;
  #schema;
  #timeoutMs;
  #texts;

  constructor({ pool, schema, timeoutMs }) {
    this.#pool = pool;
    this.#schema = `"${schema}"`;
    this.#timeoutMs = timeoutMs;
    this.#texts = statements(this.#schema);
  }

  /** Refuses a schema that others made for something else. Says whether there is one. */
  async check(prefix) {
    const [row] = await this.#ask('meta', []);
    if (row === undefined) {
      throw final('the schema of the bridge has no row in its table meta: call migrate() once');
    }
    if (Number(row[0]) !== SCHEMA_VERSION) {
      throw final(`the schema has version ${row[0]}, this package knows version ${SCHEMA_VERSION}`);
    }
    const theirs = Buffer.from(row[1], 'base64').toString();
    if (theirs !== prefix) {
      const said = `the schema is for keys with the prefix ${JSON.stringify(theirs)}`;
      throw invalidArgument(`${said}, not ${JSON.stringify(prefix)}: give each prefix a schema`);
    }
  }

  async migrate(prefix) {
    await this.#query({ text: migration(this.#schema, Buffer.from(prefix)) });
    await this.check(prefix);
  }

  async register(nodeId, identity) {
    const [row] = await this.#ask('register', [nodeId, identity]);
    if (row === undefined) {
      throw new SoftadastraError(
        'already_exists',
        `node ${nodeId} is another store: give this one an id of its own, or remove that node first`,
        String(nodeId),
      );
    }
    const [generation, wrote, last, token, clock] = row;
    return {
      generation: Number(generation),
      wrote: Number(wrote),
      last: Number(last),
      token,
      clock: Number(clock),
    };
  }

  /** How often the bridge of a node was registered, as far as the server knows. */
  async generation(nodeId) {
    const [row] = await this.#ask('node', [nodeId]);
    return row === undefined ? 0 : Number(row[0]);
  }

  async forget(nodeId) {
    await this.#ask('forget', [nodeId]);
  }

  async push({ nodeId, generation, sent, read, forAll }, operations) {
    const [[wrote, clock, beaten]] = await this.#ask('push', [
      nodeId,
      generation,
      sent,
      read,
      forAll,
      byteaArray(operations.map(({ key }) => key)),
      byteaArray(operations.map(({ value }) => value)),
      bigintArray(operations.map(({ made }) => made)),
      bigintArray(operations.map(({ node }) => node)),
      bigintArray(operations.map(({ expires }) => expires)),
    ]);
    const keys = beaten ? beaten.replaceAll('\n', '').split(' ') : [];
    return {
      wrote: Number(wrote),
      clock: Number(clock),
      beaten: keys.map((key) => Buffer.from(key, 'base64')),
    };
  }

  /** False when another bridge was registered since. */
  async progress({ nodeId, generation, sent, read }) {
    return (await this.#ask('progress', [nodeId, generation, sent, read])).length > 0;
  }

  /** The batches from the one that ends at `read` on. */
  async batches(read, limit) {
    const rows = await this.#ask('batches', [read, limit]);
    return rows.map(([last, node, operations, bytes, token, forAll]) => ({
      last: Number(last),
      node: Number(node),
      operations: Number(operations),
      bytes: Number(bytes),
      token,
      forAll: forAll === 't',
    }));
  }

  /** Where the oldest batch ends that is still there; 0 when there is none. */
  async oldest() {
    const [[last]] = await this.#ask('oldest', []);
    return Number(last ?? 0);
  }

  async changes(after, last) {
    return (await this.#ask('changes', [after, last])).map(rowOf);
  }

  /** Entries and removals in the order of their places, after a key. */
  async page(after, limit, bytes) {
    return (await this.#ask('page', [after, limit, bytes])).map(rowOf);
  }

  /** What the state has of some keys, the first of them at least. */
  async rows(keys, bytes) {
    return (await this.#ask('rows', [byteaArray(keys), keys.length, bytes])).map(rowOf);
  }

  async prune(keepMs) {
    return Number((await this.#ask('prune', [keepMs]))[0][0]);
  }

  async clock() {
    return Number((await this.#ask('clock', []))[0][0]);
  }

  /** Calls `told` for each commit with changes, and `lost` once, when the connection is. Returns what ends it. */
  async listen(told, lost) {
    const client = await this.#connect();
    let over = false;
    const end = (error) => {
      if (!over) {
        over = true;
        client.release(error ?? true);
        lost();
      }
    };
    client.on('error', end);
    client.on('end', () => end());
    client.on('notification', told);
    try {
      await client.query({ text: this.#texts.listen, query_timeout: this.#timeoutMs });
    } catch (raw) {
      end(raw);
      throw errorOf(raw);
    }
    return () => end();
  }

  #ask(name, values) {
    return this.#query({ text: this.#texts[name], values });
  }

  async #query(query) {
    const client = await this.#connect();
    let failure;
    const fail = (error) => {
      failure = error;
    };
    client.on('error', fail);
    try {
      const config = { ...query, rowMode: 'array', types: AS_TEXT, query_timeout: this.#timeoutMs };
      return (await client.query(config)).rows;
    } catch (raw) {
      const error = errorOf(raw);
      // After an error of a statement the connection is as good as before.
      failure ??= isAboutTheData(error) ? undefined : raw;
      throw error;
    } finally {
      client.off('error', fail);
      client.release(failure);
    }
  }

  /** A pool without a time limit of its own may wait for a server that does not answer for as long as TCP does. */
  async #connect() {
    const connecting = this.#pool.connect();
    const { over, end } = waitFor(this.#timeoutMs);
    try {
      const client = await RealPromise.race([connecting, over]);
      if (client === undefined) {
        connecting.then(
          (late) => late.release(),
          () => undefined,
        );
        throw new SoftadastraError('transport_error', 'the server cannot be reached: no answer');
      }
      return client;
    } catch (raw) {
      throw errorOf(raw);
    } finally {
      end();
    }
  }
}

function rowOf([key, value, made, node, expires]) {
  return {
    key: Buffer.from(key, 'base64'),
    value: value === null ? null : Buffer.from(value, 'base64'),
    made: Number(made),
    node: Number(node),
    expires: expires === null ? undefined : Number(expires),
  };
}

module.exports = { Server };
