// What the figures were measured on.

import os from 'node:os';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';

function processorTimes() {
  const all = os.cpus().map((cpu) => cpu.times);
  const sum = (pick) => all.reduce((total, times) => total + pick(times), 0);
  return {
    idle: sum((times) => times.idle),
    total: sum((times) => times.user + times.nice + times.sys + times.irq + times.idle),
  };
}

/** How much of all processors others use at this moment, from 0 to 1. */
async function measureBusy() {
  const before = processorTimes();
  await pause(1500);
  const after = processorTimes();
  return 1 - (after.idle - before.idle) / (after.total - before.total);
}

export async function describeMachine() {
  const cpus = os.cpus();
  return {
    processor: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${process.arch}`,
    node: process.version,
    busyBefore: Math.round((await measureBusy()) * 100) / 100,
  };
}
