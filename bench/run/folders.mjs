// Where the files of a run are: on the disk that holds this repository, since a folder in memory would make
// every sync free.

import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export const bench = fileURLToPath(new URL('..', import.meta.url));
const base = path.join(bench, '.data');
const TMPFS = 0x01021994;

export function openFolders() {
  fs.mkdirSync(base, { recursive: true });
  if (fs.statfsSync(base).type === TMPFS) throw new Error(`${base} is in memory, not on a disk`);
  const root = fs.mkdtempSync(path.join(base, 'run-'));
  const remove = () => fs.rmSync(root, { recursive: true, force: true });
  process.on('exit', remove);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
  return {
    /** Kept for the whole run. */
    kept(name) {
      const folder = path.join(root, name);
      fs.mkdirSync(folder, { recursive: true });
      return folder;
    },
    /** For one measurement, gone afterwards. */
    async withFresh(use) {
      const folder = fs.mkdtempSync(path.join(root, 'fresh-'));
      try {
        return await use(folder);
      } finally {
        fs.rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}
