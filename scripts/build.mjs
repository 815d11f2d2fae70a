import { buildAddon } from './addon.mjs';

buildAddon();
