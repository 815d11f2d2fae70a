// A second store on the same log finds the state that the first one left.

import process from 'node:process';
import { StoreConfig, StoreEngine } from '@softadastra/store';
import { freshLog, removeLog } from './support/data.mjs';

console.log('== STORE RECOVERY DEMO ==');

const log = freshLog('data/store_recovery_demo.wal');

{
  const engine = new StoreEngine(StoreConfig.durable(log));
  (await engine.recover()).value();
  const written = await Promise.all([
    engine.put('user:1', 'Gaspard'),
    engine.put('user:2', 'Softadastra'),
    engine.put('user:1', 'Gaspard Kirira'),
  ]);
  if (written.some((result) => result.isErr())) {
    console.error('initial writes failed');
    process.exit(1);
  }
  console.log(`Before restart size: ${engine.size()}`);
  (await engine.close()).value();
}

{
  const recovered = new StoreEngine(StoreConfig.durable(log));
  (await recovered.recover()).value();
  console.log(`After recovery size: ${recovered.size()}`);

  const entry = recovered.get('user:1');
  if (entry.isErr()) {
    console.error('recovered entry missing');
    process.exit(1);
  }
  const { value, version } = entry.value();
  console.log(`Recovered user:1 => ${value.toString()} version=${version}`);
  console.log(`Last recovered sequence: ${recovered.lastRecoveredSequence()}`);
  (await recovered.close()).value();
}

removeLog(log);
