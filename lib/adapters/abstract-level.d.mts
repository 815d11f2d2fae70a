// The types of `import`: the same class.
export * from './abstract-level.js';
