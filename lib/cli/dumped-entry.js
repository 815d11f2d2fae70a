'use strict';

const { isUtf8 } = require('node:buffer');
const { Operation } = require('../../index.js');
const { decode } = require('./content.js');
const { Failure } = require('./failure.js');

const FIELDS = ['key', 'value', 'base64', 'version', 'timestamp', 'expiresAt'];

/** The operation that rewrites the entry of one line of a dump, and when that expires. Throws for anything that `dump` does not write. */
function operationOf(line) {
  const entry = parse(line);
  for (const name of Object.keys(entry)) {
    if (!FIELDS.includes(name)) {
      throw new Failure(`unknown field "${name}"`);
    }
  }
  const { key, value, base64, timestamp, expiresAt } = entry;
  if (typeof key !== 'string') {
    throw new Failure('"key" must be a string');
  }
  if ((value === undefined) === (base64 === undefined)) {
    throw new Failure('an entry has either "value" or "base64"');
  }
  if (typeof (value ?? base64) !== 'string') {
    throw new Failure(`"${value === undefined ? 'base64' : 'value'}" must be a string`);
  }
  const operation = Operation.put(key, value ?? decode(base64, 'base64'), { timestamp });
  return { operation, expiresAt };
}

function parse(line) {
  let entry;
  try {
    // Without the check, broken text would become different text and be stored as that.
    entry = isUtf8(line) ? JSON.parse(line.toString()) : undefined;
  } catch {
    entry = undefined;
  }
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    throw new Failure('not a JSON object');
  }
  return entry;
}

module.exports = { operationOf };
