#!/usr/bin/env node
'use strict';

const { say } = require('../lib/cli/stderr.js');

try {
  require('../lib/cli/main.js').main(process.argv.slice(2));
} catch (error) {
  // Without the packages that it needs nothing can run; 1 would mean that something ran and the answer was no.
  say(`error: ${error.message}\n`);
  process.exitCode = 2;
}
