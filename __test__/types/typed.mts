// The types of a store with typed values. This file is compiled, never run.

import type {
  BatchResult,
  Entry,
  PutResult,
  Result,
  StoreEngine,
  TypedStore,
  UpdateResult,
} from '@softadastra/store';
import { exactly } from './exactly.mjs';

interface User {
  name: string;
}

export async function typed(store: StoreEngine): Promise<void> {
  const users = store.as<User>('json');
  exactly<TypedStore<User>>()(users, true);
  exactly<TypedStore<unknown>>()(store.as('json'), true);
  exactly<Result<PutResult>>()(await users.put('a', { name: 'Ada' }, { ifVersion: 0 }), true);
  exactly<Result<BatchResult>>()(
    await users.batch([
      { type: 'put', key: 'a', value: { name: 'Ada' } },
      { type: 'remove', key: 'b' },
    ]),
    true,
  );
  exactly<Result<Entry<User>>>()(users.get('a'), true);
  exactly<Array<User | undefined>>()(users.getMany(['a']), true);
  for (const [key, entry] of users.entries({ prefix: 'a' })) {
    exactly<string>()(key, true);
    exactly<User>()(entry.value, true);
    exactly<number>()(entry.version, true);
  }
  for (const user of users.values()) exactly<User>()(user, true);
  const change = (entry?: Entry<User>) => entry ?? { name: 'Ada' };
  exactly<Result<UpdateResult>>()(await users.update('a', change), true);
  for await (const { value } of users.watch({ prefix: 'a' }))
    exactly<User | undefined>()(value, true);
  // @ts-expect-error no user
  await users.update('a', () => 'Ada');
  // @ts-expect-error a typed store has no removal by an update
  await users.update('a', () => null);
  exactly<Result<UpdateResult>>()(
    await store.update('a', async (entry) => entry ?? null, { tries: 2 }),
    true,
  );
  // @ts-expect-error nothing is returned
  await store.update('a', () => undefined);
  // @ts-expect-error no user
  await users.put('a', 'Ada');
  // @ts-expect-error no user
  await users.batch([{ type: 'put', key: 'a', value: 1 }]);
  const dates = store.as({
    encode: (date: Date) => date.toISOString(),
    decode: (stored) => new Date(stored.toString()),
  });
  exactly<TypedStore<Date>>()(dates, true);
  // @ts-expect-error a codec decodes too
  store.as({ encode: (date: Date) => date.toISOString() });
  // @ts-expect-error no number is stored
  store.as({ encode: (date: Date) => date.getTime(), decode: () => new Date() });
}
