// Which better-sqlite3: version 13 needs Node.js 22 or newer, version 12 has to be compiled for each.

import process from 'node:process';

const major = Number.parseInt(process.versions.node, 10);

export const sqlitePackage = major >= 22 ? 'better-sqlite3-13' : 'better-sqlite3';
