// The adapters are what their ecosystems take.

import { StoreConfig, type StoreEngine } from '@softadastra/store';
import { SoftadastraLevel } from '@softadastra/store/abstract-level';
import { SoftadastraKeyv } from '@softadastra/store/keyv';
import type { AbstractLevel } from 'abstract-level';
import Keyv from 'keyv';

const db = new SoftadastraLevel<string, { name: string }>('a.wal', {
  valueEncoding: 'json',
  autoFlush: false,
  createIfMissing: false,
});
const level: AbstractLevel<string | Buffer | Uint8Array, string, { name: string }> = db;
const engine: StoreEngine | undefined = db.engine;
await level.put('user:1', { name: 'Ada' });
// @ts-expect-error a value of another type
await db.put('user:1', 7);
// @ts-expect-error no such option
new SoftadastraLevel('a.wal', { autoFlsh: false });

const cache = new Keyv<number>({ store: new SoftadastraKeyv(StoreConfig.fast('a.wal')) });
await cache.set('a', 1, 1000);
if (engine !== undefined) new SoftadastraKeyv(engine);
// @ts-expect-error no store
new SoftadastraKeyv(7);
