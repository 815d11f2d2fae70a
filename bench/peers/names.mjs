// The competitors, in the order of the tables.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import process from 'node:process';
import { classesFile } from './native-calls.mjs';
import { sqlitePackage } from './sqlite-package.mjs';

export const titles = {
  store: 'this store',
  lmdb: 'lmdb-js',
  level: 'classic-level',
  sqlite: 'better-sqlite3',
  nodeSqlite: 'node:sqlite',
  map: 'Map',
  getString: 'getString',
  unindexed: 'no index files',
  follower: 'a follower',
  idle: '8 idle processes',
  fs: 'plain fs',
  bare: 'bare Rust loop',
  classes: 'napi-rs classes',
  packed: 'classes, packed',
  functions: 'four functions',
};

const packages = { lmdb: 'lmdb', level: 'classic-level', sqlite: sqlitePackage };

/** Which peers can be loaded here, and which version; a peer that cannot is left out of the run, with its reason. */
export async function inspectPeers() {
  const require = createRequire(import.meta.url);
  const versions = {};
  const missing = {};
  for (const [peer, name] of Object.entries(packages)) {
    try {
      await probe[peer]();
      const installed = require(`../node_modules/${name}/package.json`);
      versions[installed.name] = installed.version;
    } catch (error) {
      missing[peer] = error.message.split('\n')[0];
    }
  }
  try {
    await import('node:sqlite');
  } catch {
    missing.nodeSqlite = `Node.js ${process.versions.node} has none`;
  }
  if (!existsSync(classesFile)) {
    const reason = `there is no ${classesFile}`;
    for (const peer of ['classes', 'packed', 'functions']) missing[peer] = reason;
  }
  return { versions, missing };
}

const probe = {
  lmdb: () => import('lmdb'),
  level: () => import('classic-level'),
  sqlite: async () => {
    const { default: Database } = await import(sqlitePackage);
    new Database(':memory:').close();
  },
};
