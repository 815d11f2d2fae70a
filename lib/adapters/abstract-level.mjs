import level from './abstract-level.js';

export const { SoftadastraLevel } = level;
