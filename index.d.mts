// The types of `import`: the same classes by name, and no default export.
export * from './index.js';
