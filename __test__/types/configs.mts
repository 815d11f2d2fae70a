// The types of what a store is made of. This file is compiled, never run.

import { type Result, StoreConfig, StoreEngine } from '@softadastra/store';
import { exactly } from './exactly.mjs';

export async function configs(): Promise<void> {
  exactly<StoreConfig>()(StoreConfig.memoryOnly(), true);
  const config = StoreConfig.durable('a.wal', { autoFlush: false, stagedBytesLimit: 1 });
  exactly<'memory' | 'log'>()(config.mode, true);
  exactly<'none' | 'process' | 'power'>()(config.durability, true);
  // @ts-expect-error it follows from mode and autoFlush
  config.durability = 'power';
  exactly<Result<StoreEngine>>()(await StoreEngine.open({ path: 'a.wal', autoFlush: false }), true);
  new StoreEngine({ mode: 'memory', stagedBytesLimit: 1 });
  // @ts-expect-error a store has a path, or is asked to be in memory
  new StoreEngine({});
  // @ts-expect-error a store in memory has no path
  new StoreEngine({ mode: 'memory', path: 'a.wal' });
  // @ts-expect-error misspelt
  new StoreEngine({ path: 'a.wal', autoflush: true });
  config.autoFlush = true;
  exactly<Result<StoreEngine>>()(await StoreEngine.open(StoreConfig.fast('a.wal')), true);
  const { signal } = new AbortController();
  await StoreEngine.open(StoreConfig.fast('a.wal'), { signal, lockTimeoutMs: 100 });
  await new StoreEngine(config).recover({ lockTimeoutMs: undefined });
  // @ts-expect-error a limit is in milliseconds
  await StoreEngine.open(config, { lockTimeoutMs: '1 s' });
  // @ts-expect-error misspelt
  StoreConfig.durable('a.wal', { autoflush: true });
  // @ts-expect-error a fast store does not flush by itself
  StoreConfig.fast('a.wal', { autoFlush: true });
  // @ts-expect-error misspelt
  config.autoflush = true;
  // @ts-expect-error a path is not a config
  new StoreEngine('a.wal');
  await using engine = new StoreEngine(config);
  exactly<Promise<void>>()(engine[Symbol.asyncDispose](), true);
}
