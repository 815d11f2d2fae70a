'use strict';

const { InvalidArgumentError } = require('commander');

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

function withRange(command) {
  return command
    .option('--prefix <text>', 'only keys that begin with this')
    .option('--gt <key>', 'only keys after this')
    .option('--gte <key>', 'only keys after this, and this one')
    .option('--lt <key>', 'only keys before this')
    .option('--lte <key>', 'only keys before this, and this one')
    .option('--reverse', 'from the last key to the first')
    .option('--limit <count>', 'at most this many', wholeNumber);
}

function rangeOf({ prefix, gt, gte, lt, lte, reverse, limit }) {
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

module.exports = { rangeOf, withCreate, withIfVersion, withJson, withRange };
