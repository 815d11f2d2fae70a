// What Node.js can do without any database: append lines to a file and force them to stable storage.

import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const write = promisify(fs.write);
const sync = promisify(fs.fdatasync);

export function openWriter(folder, { durable }) {
  const file = fs.openSync(path.join(folder, 'plain.log'), 'w');
  const append = async (text) => {
    await write(file, Buffer.from(text));
    if (durable) await sync(file);
  };
  const puts = (keys, values) => append(keys.map((key, at) => `${key}\t${values[at]}\n`).join(''));
  return {
    put: (key, value) => append(`${key}\t${value}\n`),
    puts,
    batch: puts,
    removes: (keys) => append(keys.map((key) => `${key}\n`).join('')),
    close: () => fs.closeSync(file),
  };
}
