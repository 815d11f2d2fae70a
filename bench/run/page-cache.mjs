// Makes the system forget what it has of files in its cache, by the `dd` of Linux, and checks that by `fincore`.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const run = (command, args) => spawnSync(command, args, { encoding: 'utf8' });

let known;

/** Whether the system can be made to forget, which is tried once. */
export function canForget() {
  known ??= run('fincore', ['--version']).status === 0 && run('dd', ['--version']).status === 0;
  return known;
}

/** Every file of a folder, or an error when something of them is still there. */
export function forget(folder) {
  const all = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = all.filter((file) => file.isFile() && !file.name.endsWith('.lock'));
  const names = files.map((file) => path.join(file.parentPath ?? file.path, file.name));
  // What was not written out stays in the cache.
  run('sync', names);
  for (const name of names) run('dd', [`if=${name}`, 'iflag=nocache', 'count=0', 'status=none']);
  const { stdout } = run('fincore', ['--bytes', '--noheadings', '--output', 'RES', ...names]);
  const left = stdout.split('\n').reduce((sum, line) => sum + Number(line), 0);
  if (left > 0) throw new Error(`${left} bytes of ${folder} are still in the cache of the system`);
}
