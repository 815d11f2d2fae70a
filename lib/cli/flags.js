'use strict';

const { InvalidArgumentError } = require('commander');
const { keyOf } = require('./arguments.js');

function wholeNumber(text) {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number)) {
    throw new InvalidArgumentError('It must be a whole number, 0 or more.');
  }
  return number;
}

function withJson(command) {
  return command.option('--json', 'write JSON, for machines');
}

/** For keys that an argument cannot hold, or no shell shows. */
function withJsonKey(command) {
  return command.option(
    '--json-key',
    'keys are given as JSON strings, as `keys --json` writes them',
  );
}

function withRange(command) {
  return withJsonKey(command)
    .option('--prefix <text>', 'only keys that begin with this')
    .option('--gt <key>', 'only keys after this')
    .option('--gte <key>', 'only keys after this, and this one')
    .option('--lt <key>', 'only keys before this')
    .option('--lte <key>', 'only keys before this, and this one')
    .option('--reverse', 'from the last key to the first')
    .option('--limit <count>', 'at most this many', wholeNumber);
}

function rangeOf(options) {
  const [prefix, gt, gte, lt, lte] = ['prefix', 'gt', 'gte', 'lt', 'lte'].map((name) =>
    keyOf(options[name], options),
  );
  const { reverse, limit } = options;
  return { prefix, gt, gte, lt, lte, reverse, limit };
}

function withCreate(command) {
  return command.option('--create', 'make the log if there is none');
}

function withIfVersion(command) {
  return command.option(
    '--if-version <version>',
    'only if the entry has this version; 0: only if there is none',
    wholeNumber,
  );
}

module.exports = { rangeOf, withCreate, withIfVersion, withJson, withJsonKey, withRange };
