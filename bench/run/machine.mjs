// What the figures were measured on.

import os from 'node:os';
import process from 'node:process';

export function describeMachine() {
  const cpus = os.cpus();
  return {
    processor: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${process.arch}`,
    node: process.version,
    /** Processes that wanted to run in the last minute, before the benchmark itself did. */
    busy: Math.round(os.loadavg()[0] * 10) / 10,
  };
}
