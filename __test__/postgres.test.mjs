// Stores of several nodes that are joined through one PostgreSQL.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Operation, StoreEngine } from '@softadastra/store';
import { PostgresBridge } from '@softadastra/store/postgres';
import { must, refused, throws } from './helpers.mjs';
import {
  agreed,
  content,
  Nodes,
  needsServer,
  query,
  startServer,
  until,
} from './postgres-support.mjs';

const server = await startServer();

test('what one node writes and removes, all nodes have', needsServer, async (t) => {
  const nodes = new Nodes(t, server, 'all');
  const [one, two, three] = [await nodes.start(1), await nodes.start(2), await nodes.start(3)];
  must(await one.engine.put('a', 'of one'));
  must(await two.engine.put('b', Buffer.from([0, 255, 0])));
  must(await three.engine.put('c', ''));
  await agreed(one, two, three);
  must(await two.engine.remove('a'));
  await until(() => !three.engine.contains('a') && !one.engine.contains('a'));
  await agreed(one, two, three);
  assert.deepEqual([...three.engine.getBytes('b')], [0, 255, 0]);
  assert.deepEqual(Object.keys(content(one.engine)), ['b', 'c']);
});

test('the later write wins on all nodes, whatever order they come in', needsServer, async (t) => {
  const nodes = new Nodes(t, server, 'later');
  const [one, two] = [await nodes.start(1), await nodes.start(2)];
  must(await two.bridge.stop());
  must(await two.engine.put('a', 'first'));
  // Of two of one millisecond that of the greater node wins.
  await until(() => Date.now() > two.engine.get('a').value().timestamp);
  must(await one.engine.put('a', 'second'));
  await until(() => one.bridge.status().out.behind === 0);
  must(await two.bridge.start());
  await agreed(one, two);
  assert.equal(two.engine.getString('a'), 'second');
});

test('a batch is seen whole on other nodes', needsServer, async (t) => {
  const nodes = new Nodes(t, server, 'whole');
  const [one, two] = [await nodes.start(1), await nodes.start(2)];
  const keys = Array.from({ length: 300 }, (_, at) => `k${at}`);
  for (let round = 0; round < 20; round += 1) {
    const value = String(round);
    must(await one.engine.batch(keys.map((key) => ({ type: 'put', key, value }))));
    const seen = new Set(two.engine.getMany(keys));
    assert.equal(seen.size, 1);
  }
  await agreed(one, two);
});

test(
  'an entry expires on all nodes, one that was put before its node could send it as well',
  needsServer,
  async (t) => {
    const nodes = new Nodes(t, server, 'expiring');
    const [one, two] = [await nodes.start(1), await nodes.start(2)];
    must(await one.engine.put('old', 'stays?'));
    must(await one.engine.put('a', 'b', { ttlMs: 60_000 }));
    await agreed(one, two);
    const expiresAt = one.engine.get('a').value().expiresAt;
    assert.equal(two.engine.get('a').value().expiresAt, expiresAt);
    must(await one.bridge.stop());
    must(await one.engine.put('old', 'expired', { expiresAt: 1 }));
    must(await one.engine.sweep());
    must(await one.bridge.start());
    await until(() => !two.engine.contains('old'));
  },
);

test(
  'a store that had entries before it was a node gives them, and compacted ones too',
  needsServer,
  async (t) => {
    const nodes = new Nodes(t, server, 'before');
    const plain = must(await StoreEngine.open({ path: nodes.file('node-1.wal') }));
    must(await plain.put('compacted', '1'));
    must(await plain.compact());
    must(await plain.put('logged', '2'));
    must(await plain.apply(Operation.put('applied', '3', { timestamp: 5 })));
    must(await plain.close());
    const [one, two] = [await nodes.start(1), await nodes.start(2)];
    await agreed(one, two);
    assert.deepEqual(content(two.engine), { applied: '3', compacted: '1', logged: '2' });
    assert.deepEqual(one.restarts, ['joined']);
  },
);

test(
  'a key longer than an index of the server takes, and a value of megabytes',
  needsServer,
  async (t) => {
    const nodes = new Nodes(t, server, 'long_keys');
    const [one, two] = [await nodes.start(1), await nodes.start(2)];
    const long = 'ä'.repeat(200_000);
    must(
      await one.engine.batch([
        { type: 'put', key: `${long}1`, value: '1' },
        { type: 'put', key: `${long}2`, value: 'v'.repeat(8 << 20) },
      ]),
    );
    await agreed(one, two);
    must(await two.engine.remove(`${long}1`));
    await agreed(one, two);
    assert.equal(one.engine.contains(`${long}1`), false);
    assert.equal(two.engine.getString(`${long}2`).length, 8 << 20);
  },
);

test('keys without the prefix stay where they are', needsServer, async (t) => {
  const nodes = new Nodes(t, server, 'prefixed');
  const options = { prefix: 'shared/' };
  const [one, two] = [await nodes.start(1, options), await nodes.start(2, options)];
  must(await one.engine.put('own', '1'));
  must(await one.engine.put('shared/a', '2'));
  await agreed(
    { ...one, engine: { entries: () => one.engine.entries({ prefix: 'shared/' }) } },
    two,
  );
  assert.deepEqual(content(two.engine), { 'shared/a': '2' });
});

test('own changes that come back cost nothing: no bytes, no operation', needsServer, async (t) => {
  const nodes = new Nodes(t, server, 'own');
  const one = await nodes.start(1);
  for (let at = 0; at < 20; at += 1) must(await one.engine.put('a', String(at)));
  await until(() => one.bridge.status().out.behind === 0);
  await until(() => one.bridge.status().in.position === one.bridge.status().out.operations);
  assert.equal(one.bridge.status().in.operations, 0);
});

test('a node without waking finds changes by polling', needsServer, async (t) => {
  const nodes = new Nodes(t, server, 'polled');
  const options = { listen: false, pollMs: 20 };
  const [one, two] = [await nodes.start(1, options), await nodes.start(2, options)];
  must(await one.engine.put('a', '1'));
  await agreed(one, two);
});

test(
  'a write after a removal that was made by a clock ahead ends the same on all nodes',
  needsServer,
  async (t) => {
    const nodes = new Nodes(t, server, 'ahead_removal');
    const [one, two] = [await nodes.start(1), await nodes.start(2)];
    const timestamp = Date.now() + 20_000;
    must(await one.engine.put('a', '1'));
    must(await one.engine.apply(Operation.remove('a', { timestamp }), { ifNewer: { nodeId: 1 } }));
    await until(() => one.bridge.status().out.behind === 0);
    await agreed(one, two);
    must(await two.engine.put('a', 'beaten'));
    must(await two.engine.put('b', 'sent'));
    await until(() => one.engine.contains('b'));
    await agreed(one, two);
  },
);

test('a store without automatic flushes is sent all the same', needsServer, async (t) => {
  const nodes = new Nodes(t, server, 'not_flushed');
  const [one, two] = [await nodes.start(1, { store: { autoFlush: false } }), await nodes.start(2)];
  must(await one.engine.put('a', '1'));
  await agreed(one, two);
});

test('bad options are refused when the bridge is made', () => {
  const engine = new StoreEngine({ mode: 'memory', nodeId: 1 });
  const nothing = () => undefined;
  const pool = { connect: nothing, on: nothing, off: nothing };
  const good = { pool, nodeId: 1, schema: 'a' };
  const make = (options) => () => new PostgresBridge(engine, { ...good, ...options });
  make({})();
  throws(() => new PostgresBridge({}, good), 'invalid_argument', /StoreEngine/);
  throws(make({ pool: {} }), 'invalid_argument', /Pool/);
  throws(make({ nodeId: 0 }), 'invalid_argument', /nodeId/);
  throws(make({ schema: 'a"; DROP' }), 'invalid_argument', /schema/);
  throws(make({ schema: 'a'.repeat(49) }), 'invalid_argument', /schema/);
  throws(make({ prefix: '\ud800' }), 'invalid_argument', /prefix/);
  throws(make({ polMs: 5 }), 'invalid_argument', /pollMs/);
  throws(make({ pollMs: 0 }), 'invalid_argument', /pollMs/);
  throws(make({ maxAheadMs: -1 }), 'invalid_argument', /maxAheadMs/);
  throws(make({ listen: 1 }), 'invalid_argument', /listen/);
});

test('the id of the store is that of the bridge', needsServer, async (t) => {
  const nodes = new Nodes(t, server, 'ids');
  const without = await nodes.open(1, { store: { nodeId: undefined } });
  must(await without.bridge.migrate());
  refused(await without.bridge.start(), 'invalid_argument', /without a nodeId/);
  const other = await nodes.open(2, { store: { nodeId: 3 } });
  refused(await other.bridge.start(), 'invalid_argument', /with the nodeId 3/);
});

test(
  'two stores with one id: the second is refused, until the first is removed',
  needsServer,
  async (t) => {
    const nodes = new Nodes(t, server, 'same_id');
    const first = await nodes.start(1);
    const second = await nodes.open(1, { file: 'other.wal' });
    refused(await second.bridge.start(), 'already_exists', /node 1 is another store/);
    assert.equal(second.bridge.status().state, 'failed');
    must(await first.bridge.stop());
    must(await second.bridge.removeNode(1));
    must(await second.bridge.start());
  },
);

test('a second bridge of one node ends the first', needsServer, async (t) => {
  const nodes = new Nodes(t, server, 'replaced');
  const first = await nodes.start(1);
  must(await first.engine.put('a', '1'));
  await until(() => first.bridge.status().out.behind === 0);
  must(await first.engine.backup(nodes.file('copy.wal')));
  const copy = await nodes.open(1, { file: 'copy.wal' });
  must(await copy.bridge.start());
  must(await first.engine.put('b', '2'));
  await until(() => first.bridge.status().state === 'failed');
  assert.match(first.bridge.status().lastError.message, /another bridge was started for node 1/);
  assert.equal(first.bridge.status().lastError.code, 'invalid_state');
});

test('prefixes: another one than the schema has, and one that overlaps', needsServer, async (t) => {
  const nodes = new Nodes(t, server, 'prefixes');
  const one = await nodes.start(1, { prefix: 'a/' });
  const two = await nodes.open(2, { prefix: 'b/' });
  refused(await two.bridge.start(), 'invalid_argument', /prefix "a\/", not "b\/"/);
  const options = { pool: one.pool, nodeId: 1, schema: 'prefixes_b', prefix: 'a/b/' };
  const overlapping = new PostgresBridge(one.engine, options);
  refused(await overlapping.start(), 'invalid_argument', /has a bridge for the prefix "a\/"/);
});

test('a schema that is not there, of a later version, or started twice', needsServer, async (t) => {
  const nodes = new Nodes(t, server, 'versions');
  const one = await nodes.open(1);
  refused(await one.bridge.start(), 'invalid_state', /call migrate\(\) once/);
  must(await one.bridge.migrate());
  must(await one.bridge.migrate());
  must(await one.bridge.start());
  refused(await one.bridge.start(), 'invalid_state', /started already/);
  must(await one.bridge.stop());
  must(await one.bridge.stop());
  await query(server, 'UPDATE versions.meta SET version = 2');
  refused(await one.bridge.start(), 'invalid_state', /version 2, this package knows version 1/);
});
