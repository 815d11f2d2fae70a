// The types of unwrapped calls. This file is compiled, never run.

import {
  type BatchResult,
  type CompactionReport,
  type Consumer,
  type Entry,
  Key,
  type PutResult,
  type StoreEngine,
  type UpdateResult,
} from '@softadastra/store';
import { exactly } from './exactly.mjs';

export async function unwrapped(store: StoreEngine): Promise<void> {
  const { orThrow } = store;
  exactly<PutResult>()(await orThrow.put('a', 'x', { ifVersion: 0 }), true);
  exactly<Entry>()(orThrow.get(new Key('a')), true);
  exactly<BatchResult>()(await orThrow.batch([]), true);
  exactly<CompactionReport>()(await orThrow.compact(), true);
  exactly<PutResult>()(orThrow.putSync('a', 'x'), true);
  exactly<BatchResult>()(orThrow.batchSync([]), true);
  exactly<UpdateResult>()(await orThrow.update('a', () => null, { tries: 1 }), true);
  exactly<void>()(orThrow.flushSync(), true);
  exactly<Consumer>()(await orThrow.consumer('outbox'), true);
  exactly<void>()(await orThrow.close(), true);
  // @ts-expect-error takes what the call itself takes
  await orThrow.put('a');
}
