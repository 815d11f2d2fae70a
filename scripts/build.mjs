// Builds the addon for this machine, or with --target for a platform of lib/native/targets.js.

import { parseArgs } from 'node:util';
import { buildAddon } from './addon.mjs';

const { values } = parseArgs({ options: { target: { type: 'string' } } });

buildAddon(values.target);
