// The types of `import`: the same class.
export * from './postgres.js';
