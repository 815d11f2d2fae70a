'use strict';

// A process can have the package loaded more than once: two versions in node_modules, a bundle and its own copy, a test runner
// that loads modules anew for each file. Objects of one copy are no instances of the other's classes, but work.

const NAME = Symbol.for('@softadastra/store');

/** Lets other copies know the objects of a class. The name is given, because a bundler may change that of the class. */
function markClass(Class, name) {
  Object.defineProperty(Class.prototype, NAME, { value: name });
}

/** Whether an object is of the class of this name, in whatever copy. */
function isOf(value, name) {
  return typeof value === 'object' && value !== null && value[NAME] === name;
}

module.exports = { isOf, markClass };
