// The types of `import`: the same classes by name, and all of them as the default export.
export * from './index.js';
export { default } from './index.js';
