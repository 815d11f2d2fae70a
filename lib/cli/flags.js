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
  return command.option('--json', 'write JSON, for programs');
}

/** For keys that cannot be an argument, or that no shell shows. */
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
    .option('--gte <key>', 'this key and all keys after it')
    .option('--lt <key>', 'only keys before this')
    .option('--lte <key>', 'this key and all keys before it')
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
  return command.option('--create', 'create the log if there is none');
}

function withIfVersion(command) {
  return command.option(
    '--if-version <version>',
    'only if the entry has this version; 0: only if there is none',
    wholeNumber,
  );
}

function withTtl(command) {
  return command.option('--ttl <milliseconds>', 'the entry expires this much later', wholeNumber);
}

module.exports = {
  rangeOf,
  wholeNumber,
  withCreate,
  withIfVersion,
  withJson,
  withJsonKey,
  withRange,
  withTtl,
};
