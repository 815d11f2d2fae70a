'use strict';

// A process can load the package more than once: two versions in node_modules, a bundle and its own copy, a test runner
// that reloads modules for each file. Objects of one copy are not instances of another's classes, but still work.

const NAME = Symbol.for('@softadastra/store');

/** Lets other copies recognize the objects of a class. The name is passed, because a bundler may rename the class. */
function markClass(Class, name) {
  Object.defineProperty(Class.prototype, NAME, { value: name });
}

/** Whether an object is of the class with this name, in whatever copy. */
function isOf(value, name) {
  return typeof value === 'object' && value !== null && value[NAME] === name;
}

module.exports = { isOf, markClass };
