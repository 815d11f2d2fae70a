// What `npm start` and `npm test` need first: the packages of the lock file, and the addon.

import process from 'node:process';
import { buildAddon } from './addon.mjs';
import { installPackages } from './install.mjs';
import { root } from './run.mjs';

installPackages(root);
if (!process.argv.includes('--packages-only')) buildAddon();
