'use strict';

const { Failure } = require('./failure.js');

/** What runtimes put in place of bytes that are not UTF-8, which would make different arguments equal. */
const REPLACEMENT = '\ufffd';

function checkArguments(args) {
  const at = args.findIndex((text) => text.includes(REPLACEMENT) || !text.isWellFormed());
  if (at !== -1) {
    throw new Failure(
      `argument ${at + 1} is not UTF-8, or has the character U+FFFD, which stands for what is not UTF-8: ${args[at]}; give such a key with --json-key as "\\ufffd", such a value with --file or on standard input`,
    );
  }
}

/** The key that an argument stands for. */
function keyOf(text, { jsonKey }) {
  if (!jsonKey || text === undefined) {
    return text;
  }
  let key;
  try {
    key = JSON.parse(text);
  } catch {
    key = undefined;
  }
  if (typeof key !== 'string') {
    throw new Failure(`the key is not a JSON string: ${text}`);
  }
  return key;
}

module.exports = { checkArguments, keyOf };
