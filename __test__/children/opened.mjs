// Opens a log, counts what is in it, writes to it, closes it, and says what came of that. Usage: node opened.mjs <log>

import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';

const store = (await StoreEngine.open(StoreConfig.durable(process.argv[2]))).value();
const { indexFailure: atFirst } = store.recoveryReport();
(await store.ready()).value();
(await store.put('from a stranger', 'x')).value();
const size = store.size();
const compacted = await store.compact();
const code = compacted.isErr() ? compacted.error().codeString() : undefined;
const { indexFailure: atLast } = store.stats();
(await store.close()).value();
process.stdout.write(JSON.stringify({ atFirst, atLast, size, code }));
