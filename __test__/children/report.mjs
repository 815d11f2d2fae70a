// Lines to the process that waits for them, for children that are killed.

import { writeSync } from 'node:fs';

/** Straight into the pipe: what is buffered in this process would die with it. */
export function report(line) {
  const bytes = Buffer.from(`${line}\n`);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}
