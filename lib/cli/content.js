'use strict';

const { isUtf8 } = require('node:buffer');
const { Failure } = require('./failure.js');

/** A value as a JSON field that gives the same bytes back: `value` for text, `base64` for anything else. */
function fieldOf(value) {
  const bytes = value.toBytes();
  return isUtf8(bytes) ? { value: value.toString() } : { base64: bytes.toString('base64') };
}

/** Bytes from their text form. Anything not exactly in that form is refused: Buffer would silently skip it. */
function decode(text, form) {
  const bytes = Buffer.from(text, form);
  const whole = form === 'hex' ? text.toLowerCase() : text;
  if (bytes.toString(form) !== whole) {
    throw new Failure(`the value is not ${form}`);
  }
  return bytes;
}

module.exports = { decode, fieldOf };
