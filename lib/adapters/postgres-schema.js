'use strict';

/** The version of the schema. A later one that this package does not know is refused. */
const SCHEMA_VERSION = 1;

/** What `push` raises when another bridge has registered the node since. */
const REPLACED = 'SA001';

/**
 * - `meta`: one row. `last` is the number of the last change and `token` marks its batch; who appends changes locks this row
 *   until its transaction ends, so the numbers have no gaps and become visible in their order.
 * - `nodes`: whose store a node is, how often its bridge was started, and how far it has come.
 * - `state`: the newest operation of each key; a removal has no value. `seq` is the first change of the
 *   batch that brought it.
 * - `changes`: the operations that were newer when they came, in one order.
 * - `batches`: what was appended by one transaction, up to its last change.
 *
 * An index holds at most 2,704 bytes of a key. Of a longer key it has the beginning and a hash.
 */
function tables(s) {
  return `
CREATE SCHEMA IF NOT EXISTS ${s};
CREATE TABLE IF NOT EXISTS ${s}.meta (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  version integer NOT NULL,
  prefix bytea NOT NULL,
  last bigint NOT NULL,
  token uuid NOT NULL
);
CREATE TABLE IF NOT EXISTS ${s}.nodes (
  id bigint PRIMARY KEY,
  identity uuid NOT NULL,
  generation bigint NOT NULL,
  wrote bigint NOT NULL,
  sent bigint NOT NULL,
  read bigint NOT NULL,
  seen_at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS ${s}.state (
  key bytea NOT NULL,
  value bytea,
  made bigint NOT NULL,
  node bigint NOT NULL,
  expires bigint,
  seq bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS ${s}.changes (
  seq bigint PRIMARY KEY,
  key bytea NOT NULL,
  value bytea,
  made bigint NOT NULL,
  node bigint NOT NULL,
  expires bigint
);
CREATE TABLE IF NOT EXISTS ${s}.batches (
  last bigint PRIMARY KEY,
  node bigint NOT NULL,
  operations bigint NOT NULL,
  bytes bigint NOT NULL,
  token uuid NOT NULL,
  for_all boolean NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE OR REPLACE FUNCTION ${s}.place(key bytea) RETURNS bytea
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $body$
  SELECT CASE WHEN octet_length(key) < 1024 THEN key ELSE substr(key, 1, 992) || sha256(key) END
$body$;
CREATE UNIQUE INDEX IF NOT EXISTS state_place ON ${s}.state (${s}.place(key));`;
}

/** Milliseconds since 1970. */
const CLOCK = 'floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

/** Makes a bridge the one of its node, and tells where the server is. No row: the node is another store's. */
function register(s) {
  return `
CREATE OR REPLACE FUNCTION ${s}.register(a_node bigint, a_identity uuid)
RETURNS TABLE (generation bigint, wrote bigint, last bigint, token uuid, clock bigint)
LANGUAGE sql AS $body$
  WITH mine AS (
    INSERT INTO ${s}.nodes AS n (id, identity, generation, wrote, sent, read, seen_at)
    VALUES (a_node, a_identity, 1, 0, 0, 0, clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET generation = n.generation + 1, seen_at = clock_timestamp()
      WHERE n.identity = a_identity
    RETURNING n.generation, n.wrote
  )
  SELECT mine.generation, mine.wrote, m.last, m.token, ${CLOCK} FROM mine, ${s}.meta m
$body$;`;
}

/**
 * Takes what is newer than what the state has, appends it to the changes, and notes how far the node is, all in one call: no
 * transaction stays open, and nobody is held up, when the connection breaks.
 *
 * `beaten` are the keys of operations that were not newer than what the node has read already, so that it will not get it
 * again by itself.
 */
function push(s) {
  return `
CREATE OR REPLACE FUNCTION ${s}.push(
  a_node bigint, a_generation bigint, a_sent bigint, a_read bigint, a_for_all boolean,
  a_keys bytea[], a_values bytea[], a_made bigint[], a_nodes bigint[], a_expires bigint[])
RETURNS TABLE (wrote bigint, clock bigint, beaten text[])
LANGUAGE plpgsql AS $body$
#variable_conflict use_column
DECLARE
  v_base bigint;
  v_taken bigint;
  v_bytes bigint;
  v_wrote bigint := 0;
  v_token uuid := gen_random_uuid();
BEGIN
  SELECT m.last INTO STRICT v_base FROM ${s}.meta m FOR UPDATE;
  UPDATE ${s}.nodes n
    SET sent = greatest(n.sent, a_sent), read = greatest(n.read, a_read), seen_at = clock_timestamp()
    WHERE n.id = a_node AND n.generation = a_generation;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'another bridge is registered for node %', a_node USING ERRCODE = '${REPLACED}';
  END IF;
  WITH given AS MATERIALIZED (
    SELECT * FROM unnest(a_keys, a_values, a_made, a_nodes, a_expires)
      WITH ORDINALITY AS g (key, value, made, node, expires, at)
  ), newer AS (
    INSERT INTO ${s}.state AS t (key, value, made, node, expires, seq)
    SELECT g.key, g.value, g.made, g.node, g.expires, v_base + 1 FROM given g
    ON CONFLICT (${s}.place(key)) DO UPDATE
      SET value = excluded.value, made = excluded.made, node = excluded.node,
          expires = excluded.expires, seq = excluded.seq
      WHERE (t.made, t.node) < (excluded.made, excluded.node)
    RETURNING t.key
  ), appended AS (
    INSERT INTO ${s}.changes (seq, key, value, made, node, expires)
    SELECT v_base + row_number() OVER (ORDER BY g.at), g.key, g.value, g.made, g.node, g.expires
    FROM newer JOIN given g USING (key)
    RETURNING octet_length(key) + coalesce(octet_length(value), 0) AS size
  )
  SELECT count(*), coalesce(sum(size), 0) INTO v_taken, v_bytes FROM appended;
  IF v_taken > 0 THEN
    v_wrote := v_base + v_taken;
    UPDATE ${s}.meta SET last = v_wrote, token = v_token;
    UPDATE ${s}.nodes n SET wrote = v_wrote WHERE n.id = a_node;
    INSERT INTO ${s}.batches (last, node, operations, bytes, token, for_all)
    VALUES (v_wrote, a_node, v_taken, v_bytes, v_token, a_for_all);
    PERFORM pg_notify('${channel(s)}', '');
  END IF;
  RETURN QUERY SELECT v_wrote, ${CLOCK}, CASE WHEN v_taken = cardinality(a_keys) THEN NULL ELSE (
    SELECT array_agg(encode(t.key, 'base64'))
    FROM unnest(a_keys, a_made, a_nodes) AS g (key, made, node)
    JOIN ${s}.state t ON ${s}.place(t.key) = ${s}.place(g.key)
    WHERE (t.made, t.node) > (g.made, g.node) AND t.seq <= a_read) END;
END
$body$;`;
}

/** Drops changes that are older than some time, but never the row that tells where the last of them was. */
function prune(s) {
  return `
CREATE OR REPLACE FUNCTION ${s}.prune(a_keep_ms bigint) RETURNS bigint LANGUAGE plpgsql AS $body$
DECLARE
  v_cut bigint;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtext('${channel(s)}')) THEN RETURN 0; END IF;
  SELECT max(o.last) INTO v_cut FROM (
    SELECT b.last FROM ${s}.batches b
    WHERE b.made_at < clock_timestamp() - a_keep_ms * interval '1 millisecond'
    ORDER BY b.last LIMIT 1000) o;
  IF v_cut IS NULL THEN RETURN 0; END IF;
  DELETE FROM ${s}.changes c WHERE c.seq <= v_cut;
  DELETE FROM ${s}.batches b WHERE b.last < v_cut;
  GET DIAGNOSTICS v_cut = ROW_COUNT;
  RETURN v_cut;
END
$body$;`;
}

/** The name under which those who wait for changes are woken. */
function channel(s) {
  return `softadastra_${s.slice(1, -1)}`;
}

/** All of it. Statements that are sent together are one transaction; what is there already stays. */
function migration(s, prefix) {
  const hex = prefix.toString('hex');
  return `
SELECT pg_advisory_xact_lock(hashtext('${channel(s)}'));
${tables(s)}${register(s)}${push(s)}${prune(s)}
INSERT INTO ${s}.meta (version, prefix, last, token)
VALUES (${SCHEMA_VERSION}, '\\x${hex}', 0, gen_random_uuid()) ON CONFLICT DO NOTHING;`;
}

module.exports = { CLOCK, REPLACED, SCHEMA_VERSION, channel, migration };
