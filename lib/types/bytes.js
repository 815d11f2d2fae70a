'use strict';

// Bytes that others hold too. Their arrays can come from another realm, be shrunk or given away, and have any prototype, so
// they are accessed through functions that were saved before anyone could replace them.

const { invalidArgument } = require('./error.js');
const { Buffer } = require('../runtime/runtime.js');

const { apply } = Reflect;
const { allocUnsafeSlow, byteLength } = Buffer;
const { isView } = ArrayBuffer;
const ByteArray = Uint8Array;
const TypedArray = Object.getPrototypeOf(Uint8Array).prototype;
const { at, set } = TypedArray;
const { latin1Write, utf8Write } = Buffer.prototype;
const bufferOf = getter(TypedArray, 'buffer');
const offsetOf = getter(TypedArray, 'byteOffset');
const lengthOf = getter(TypedArray, 'length');
const kindOf = getter(TypedArray, Symbol.toStringTag);
const sizeOfDataView = getter(DataView.prototype, 'byteLength');

function getter(prototype, name) {
  return Object.getOwnPropertyDescriptor(prototype, name).get;
}

/** A `Uint8Array` of any realm, or an instance of a subclass. */
function isBytes(value) {
  return typeof value === 'object' && apply(kindOf, value, []) === 'Uint8Array';
}

/**
 * Whether the memory of a view was detached, or shrunk so that the view lies outside it. Its length is 0 then, and native
 * code cannot tell it from an empty view.
 */
function isOutside(value) {
  if (!isView(value)) {
    return false;
  }
  try {
    if (apply(kindOf, value, []) === undefined) {
      apply(sizeOfDataView, value, []);
    } else if (apply(lengthOf, value, []) === 0) {
      apply(at, value, [0]);
    }
    return false;
  } catch {
    return true;
  }
}

/** Throws for bytes that lost their memory. `what` names what they should have been. */
function checkInside(value, what) {
  if (isOutside(value)) {
    throw invalidArgument(
      `invalid ${what}: its buffer is detached, or was shrunk so that the ${what} lies outside of it`,
    );
  }
}

/** A copy in memory of its own. A piece of the pool that `Buffer.from` cuts from would take the pool along when it is posted. */
function copyOf(bytes) {
  const length = apply(lengthOf, bytes, []);
  const copy = allocUnsafeSlow(length);
  const now = new ByteArray(apply(bufferOf, bytes, []), apply(offsetOf, bytes, []), length);
  apply(set, copy, [now]);
  return copy;
}

/** A part of a Buffer with no other owner, in memory of its own. */
function pieceOf(buffer, start, end) {
  const piece = allocUnsafeSlow(end - start);
  apply(set, piece, [buffer.subarray(start, end)]);
  return piece;
}

/** Text as UTF-8, in memory of its own. */
function utf8Of(text) {
  const bytes = allocUnsafeSlow(byteLength(text));
  apply(utf8Write, bytes, [text]);
  return bytes;
}

/** Text of characters up to U+00FF, a byte for each, in memory of its own. */
function latin1Of(text) {
  const bytes = allocUnsafeSlow(text.length);
  apply(latin1Write, bytes, [text]);
  return bytes;
}

module.exports = { isBytes, isOutside, checkInside, copyOf, pieceOf, utf8Of, latin1Of };
