import { mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import path from 'node:path';

/** Makes the folder of a log, and removes what an earlier run may have left of that log. */
export function freshLog(log) {
  mkdirSync(path.dirname(log), { recursive: true });
  removeFiles(log);
  return log;
}

/** Removes a log with the files beside it, and its folder when nothing else is in there. */
export function removeLog(log) {
  removeFiles(log);
  const folder = path.dirname(log);
  if (readdirSync(folder).length === 0) {
    rmdirSync(folder);
  }
}

function removeFiles(log) {
  const folder = path.dirname(log);
  for (const name of readdirSync(folder)) {
    if (name === path.basename(log) || name.startsWith(`${path.basename(log)}.`)) {
      rmSync(path.join(folder, name));
    }
  }
}
