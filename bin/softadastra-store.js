#!/usr/bin/env node
'use strict';

const { say } = require('../lib/cli/stderr.js');

try {
  require('../lib/cli/main.js').main(process.argv.slice(2));
} catch (error) {
  // Without a module for this platform nothing can run; 1 would say that something ran and the answer was no.
  say(`error: ${error.message}\n`);
  process.exitCode = 2;
}
