'use strict';

/** A module of the runtime. A bundle that is an ES module has no `require`, and Node.js before 20.16 has nothing else. */
const builtin = (name) => process.getBuiltinModule?.(`node:${name}`) ?? require(`node:${name}`);

module.exports = { builtin };
