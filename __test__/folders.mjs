// Folders that go when the process ends, and all that is in them is closed and left: Windows removes no folder that is the
// working one or has an open file in it.

import { chmodSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';

const made = [];

process.once('exit', () => {
  if (made.length > 0) process.chdir(tmpdir());
  for (const dir of made) {
    // Tests of refused access take rights away; without them the folder cannot be emptied.
    chmodSync(dir, 0o755);
    rmSync(dir, { recursive: true, force: true });
  }
});

/** A new folder, by the name that the system itself has for it: that of `tmpdir()` can be a short one of Windows. */
export function folder() {
  const dir = realpathSync.native(mkdtempSync(path.join(tmpdir(), 'softadastra-store-')));
  made.push(dir);
  return dir;
}
