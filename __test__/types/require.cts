// CommonJS sees the same types.

import store = require('@softadastra/store');

const engine: store.StoreEngine = new store.StoreEngine(store.StoreConfig.memoryOnly());
const found: store.Result<store.Entry> = engine.get('a');
const code: store.ErrorCode = found.error().codeString();

export = code;
