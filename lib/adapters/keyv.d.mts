// The types of `import`: the same class.
export * from './keyv.js';
