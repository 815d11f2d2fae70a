import { biome, step, tool } from './run.mjs';

step('Rust format', 'cargo', ['fmt']);
tool('JavaScript format', biome, ['check', '--write']);
