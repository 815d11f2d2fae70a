// The same calls of the same engine in memory: through the addon of the package, and through classes of napi-rs.

import path from 'node:path';
import process from 'node:process';
import addon from '../../lib/native/addon.js';
import { bench } from '../run/folders.mjs';

export const PAGE = 512;

const file = {
  darwin: 'libnapi_classes.dylib',
  win32: 'napi_classes.dll',
}[process.platform];
export const classesFile = path.join(
  bench,
  'napi-classes/target/release',
  file ?? 'libnapi_classes.so',
);

const [lens, numbers] = [new Int32Array(2 + 2 * PAGE), new Float64Array(2 * PAGE)];

/** The strings of a page come as one, as in lib/read/scan.js. */
function cutUp(text, visit) {
  let at = 0;
  const cut = (length) => {
    at += length;
    return text.substring(at - length, at);
  };
  for (let i = 0; i < lens[0]; i += 1) {
    const key = cut(lens[2 + 2 * i]);
    visit(key, cut(lens[3 + 2 * i]), numbers[2 * i]);
  }
}

function store() {
  const compaction = { automatic: false, ratio: 2, minimumBytes: 0 };
  const options = { mode: 'memory', path: '', autoFlush: true, stagedBytesLimit: 2 ** 24 };
  const native = addon.native();
  const handle = native.openHandle({ ...options, compaction });
  const none = undefined;
  return {
    size: handle.size,
    get: handle.getString,
    stage: handle.stagePut,
    commit: handle.commitNow,
    page(visit) {
      const page = [none, none, none, none, none, false, none, true, PAGE];
      cutUp(handle.scan(...page, lens.buffer, numbers.buffer), visit);
    },
    snapshot: handle.snapshot,
    sizeOf: native.snapshotSize,
  };
}

function classes() {
  const loaded = { exports: {} };
  process.dlopen(loaded, classesFile);
  const own = new loaded.exports.ClassStore();
  return {
    size: () => own.size(),
    get: (key) => own.getString(key),
    stage: (key, value, ifVersion) => own.stagePut(key, value, ifVersion),
    commit: () => own.commitNow(),
    page(visit) {
      for (const { key, value, version } of own.scan(PAGE)) visit(key, value, version);
    },
    snapshot: () => own.snapshot(),
    sizeOf: (snapshot) => snapshot.size(),
    snapshotOfFunctions: () => own.snapshotOfFunctions(),
    packedPage: (visit) => cutUp(own.scanPacked(PAGE, lens, numbers), visit),
  };
}

function functions() {
  const own = classes();
  return { ...own, snapshot: own.snapshotOfFunctions };
}

function packed() {
  const own = classes();
  return { ...own, page: own.packedPage };
}

const openers = { store, classes, functions, packed };

export const openCalls = (peer) => openers[peer]();
