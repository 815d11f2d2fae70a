import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { folder } from './folders.mjs';

/** A folder of the test's own. Stores opened through it are closed when the test ends. */
export function workspace(t) {
  const dir = folder();
  const stores = [];
  t.after(async () => {
    for (const store of stores) {
      await store.close();
    }
  });
  const track = (store) => {
    stores.push(store);
    return store;
  };
  return {
    dir,
    file: (name = 'store.wal') => path.join(dir, name),
    track,
    open: async (name, options) => {
      const log = path.join(dir, name ?? 'store.wal');
      return track(must(await StoreEngine.open(StoreConfig.durable(log, options))));
    },
  };
}

export function memoryStore(t) {
  const store = new StoreEngine(StoreConfig.memoryOnly());
  t.after(() => store.close());
  return store;
}

/** The value of a result that has to be ok. */
export function must(result) {
  return result.value();
}

/** Checks a failed result by its code and message, and gives its error. */
export function refused(result, code, message) {
  assert.equal(result.isErr(), true, `expected ${code}, got a success`);
  assert.equal(result.isOk(), false);
  return checkError(result.error(), code, message);
}

/** Checks that a call throws a SoftadastraError, and gives it. */
export function throws(call, code, message) {
  try {
    call();
  } catch (error) {
    return checkError(error, code, message);
  }
  return assert.fail(`expected ${code}, but nothing was thrown`);
}

function checkError(error, code, message) {
  assert.equal(error.name, 'SoftadastraError', error.stack);
  assert.equal(error.codeString(), code, error.message);
  if (message instanceof RegExp) {
    assert.match(error.message, message);
  } else if (message !== undefined) {
    assert.equal(error.message, message);
  }
  return error;
}

/** Everything in a store or snapshot as plain data, in the order of a scan. */
export function dump(store) {
  return Array.from(store.entries(), ([key, entry]) => {
    assert.equal(entry.key, key);
    return [key, entry.value.toString(), entry.version];
  });
}

/** Every file of a folder with its bytes, to prove that nothing was touched. */
export function filesOf(dir) {
  return Object.fromEntries(
    readdirSync(dir)
      .sort()
      .map((name) => [name, readFileSync(path.join(dir, name)).toString('hex')]),
  );
}

export const childFile = (name) => fileURLToPath(new URL(`./children/${name}`, import.meta.url));

/** Runs a program of `children/` to its end and gives what it wrote. */
export async function runChild(name, args, options) {
  const child = spawn(process.execPath, [childFile(name), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
  const output = collect(child);
  const [code, signal] = await once(child, 'close');
  return { code, signal, ...output };
}

/** Keeps what a child writes. */
export function collect(child) {
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      output[name] += text;
    });
  }
  return output;
}

/** Random numbers from 0 to 1 that a seed repeats. */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
