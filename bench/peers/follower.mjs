// A store that follows the log of this store, which is closed meanwhile.

import path from 'node:path';
import { StoreEngine } from '../release/index.mjs';
import { readerOf } from './store.mjs';

export async function openReader(folder) {
  return readerOf((await StoreEngine.follow(path.join(folder, 'store.wal'))).value());
}
