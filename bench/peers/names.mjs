// The competitors, in the order of the tables.

import { createRequire } from 'node:module';

export const titles = {
  store: 'this store',
  lmdb: 'lmdb-js',
  level: 'classic-level',
  sqlite: 'better-sqlite3',
  map: 'Map',
  getString: 'getString',
  fs: 'plain fs',
  bare: 'bare Rust loop',
};

const packages = { lmdb: 'lmdb', level: 'classic-level', sqlite: 'better-sqlite3' };

/** Which peers can be loaded here, and which version; a peer that cannot is left out of the run, with its reason. */
export async function inspectPeers() {
  const require = createRequire(import.meta.url);
  const versions = {};
  const missing = {};
  for (const [peer, name] of Object.entries(packages)) {
    try {
      await probe[peer]();
      versions[name] = require(`../node_modules/${name}/package.json`).version;
    } catch (error) {
      missing[peer] = error.message.split('\n')[0];
    }
  }
  return { versions, missing };
}

const probe = {
  lmdb: () => import('lmdb'),
  level: () => import('classic-level'),
  sqlite: async () => {
    const { default: Database } = await import('better-sqlite3');
    new Database(':memory:').close();
  },
};
