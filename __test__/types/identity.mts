// The same types by name, as the default export, and through `require`.

import store, { type Key, type StoreEngine } from '@softadastra/store';

type Required = typeof import('@softadastra/store', { with: { 'resolution-mode': 'require' }});
type RequiredKey = InstanceType<Required['Key']>;

export const required: RequiredKey = new store.Key('a');
export const imported: Key = required;
export const engine: StoreEngine = new store.StoreEngine(store.StoreConfig.memoryOnly());
export const requiredEngine: InstanceType<Required['StoreEngine']> = engine;
// @ts-expect-error not a part of the package
store.Engine;
