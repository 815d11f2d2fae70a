// A thread with the store at hand: does what its parent asks and answers. See `Thread` in ../thread.mjs.

import process from 'node:process';
import { parentPort } from 'node:worker_threads';
import { StoreConfig, StoreEngine } from '@softadastra/store';

let store;

const plain = (result) =>
  result.isOk()
    ? { ok: true, value: result.value() }
    : { ok: false, code: result.error().codeString(), message: result.error().message };

/** Puts `<name>/<n>` for each n without waiting, and gives what each got. */
function putAll(name, count, keys = count) {
  const puts = Array.from({ length: count }, (_, n) => {
    const write = { key: `${name}/${n % keys}`, value: `${name} ${n}` };
    return store.put(write.key, write.value).then((put) => ({ ...write, ...put.value() }));
  });
  return Promise.all(puts);
}

const calls = {
  async open(path, kind = 'durable', options = undefined, settings = undefined) {
    const opened = await StoreEngine.open(StoreConfig[kind](path, settings), options);
    if (opened.isErr()) return plain(opened);
    store = opened.value();
    return { ok: true, value: store.recoveryReport() };
  },
  put: async (...args) => plain(await store.put(...args)),
  get: (key) => store.getString(key),
  dump: () =>
    Array.from(store.entries(), ([key, { value, version }]) => [key, `${value}`, version]),
  stats: () => store.stats(),
  recover: async () => plain(await store.recover()),
  close: async () => plain(await store.close()),
  compact: async () => plain(await store.compact()),
  backup: async (path) => plain(await store.backup(path)),
  putAll,

  /** Puts `<name>/<n>` for each n, each done before the next. */
  putAllSync: (name, count) =>
    Array.from({ length: count }, (_, n) => store.putSync(`${name}/${n}`, 'x').value()),

  /** Counts up under a key for as long as the thread lives, without a turn for anything else. */
  loadSync(key, shared) {
    const acknowledged = new Int32Array(shared);
    for (let n = 1; ; n += 1) {
      store.putSync(key, String(n)).value();
      Atomics.store(acknowledged, 0, n);
    }
  },

  /** Adds one to a number, `count` times, by conditional writes alone; gives the versions that it replaced. */
  async countUp(key, count) {
    const won = [];
    while (won.length < count) {
      const { value, version } = store.get(key).value();
      const put = await store.put(key, String(Number(value.toString()) + 1), {
        ifVersion: version,
      });
      if (put.isOk()) won.push(version);
      else if (!put.error().message.startsWith('version mismatch')) throw put.error();
    }
    return won;
  },

  /** Listens to everything, for as long as the thread lives. */
  listen() {
    for (const name of ['change', 'compaction', 'poisoned']) store.on(name, () => undefined);
  },

  /** Waits for this many changes. */
  async watched(count) {
    const changes = [];
    for await (const { type, key, value, version } of store.watch()) {
      changes.push([type, key, value?.toString(), version]);
      if (changes.length === count) return changes;
    }
    return changes;
  },

  /** The same by updates. */
  async update(key, count) {
    for (let n = 0; n < count; n += 1) {
      const change = (entry) => String(Number(entry?.value ?? 0) + 1);
      (await store.update(key, change, { tries: 1e6 })).value();
    }
  },

  /** Writes the same number under all keys, batch after batch. */
  async batches(keys, count) {
    for (let n = 1; n <= count; n += 1) {
      const writes = keys.map((key) => ({ type: 'put', key, value: String(n) }));
      (await store.batch(writes)).value();
    }
  },

  /** Counts up under a key for each element of `acknowledged`, forever; each element has what was acknowledged last. */
  async load(name, shared) {
    const acknowledged = new Int32Array(shared);
    const count = async (_, task) => {
      for (let n = Number(store.getString(`${name}/${task}`) ?? 0) + 1; ; n += 1) {
        (await store.put(`${name}/${task}`, String(n))).value();
        Atomics.store(acknowledged, task, n);
      }
    };
    await Promise.all(Array.from(acknowledged, count));
  },

  /** Ends the thread; with `pending` writes that nobody waits for. */
  end(way, pending = 0) {
    if (pending > 0) void putAll('pending', pending);
    if (way === 'exit') process.exit(0);
    if (way === 'leave') parentPort.close();
    if (way === 'throw') {
      setImmediate(() => {
        throw new Error('on purpose');
      });
    }
  },
};

parentPort.on('message', async ({ id, call, args }) => {
  try {
    parentPort.postMessage({ id, answer: await calls[call](...args) });
  } catch (error) {
    parentPort.postMessage({ id, error });
  }
});
