'use strict';

const { isOutside, latin1Of } = require('../types/bytes.js');
const { Key } = require('../types/key.js');
const { Buffer } = require('../runtime/runtime.js');
const { LevelError } = require('./level-error.js');

/** The limit of a key in the store, whose text has at least as many bytes as the key. */
const MOST_BYTES = 1024 * 1024;

const ASCII = /^\p{ASCII}+$/u;
const NOT_A_BYTE = /[\u0100-\uffff]/;

/**
 * The store's keys are text of one byte or more; keys of abstract-level are any bytes, or none. Each byte becomes the
 * character with that number, and a key that is empty or begins with a zero gets one more zero in front. Keys stay
 * distinct and in the order of their bytes, and ASCII stays as it is. No encoding can keep the order and leave all text
 * unchanged: between two neighbouring texts there is no room for bytes that are not text.
 */
function toStoreKey(key) {
  if (typeof key !== 'string') {
    checkLevelView(key, 'key');
    checkSize(key.byteLength);
    return guard(Buffer.from(key.buffer, key.byteOffset, key.byteLength).latin1Slice());
  }
  if (isPlain(key)) {
    return key;
  }
  if (!key.isWellFormed()) {
    throw new LevelError('LEVEL_INVALID_KEY', 'the key has a lone surrogate');
  }
  checkSize(Buffer.byteLength(key));
  return guard(Buffer.from(key, 'utf8').latin1Slice());
}

/** The text of a key that is too long could exceed the longest string. */
function checkSize(bytes) {
  if (bytes > MOST_BYTES) {
    throw new LevelError(
      'LEVEL_INVALID_KEY',
      `invalid key: key has ${bytes} bytes, at most ${MOST_BYTES} are allowed`,
    );
  }
}

/** The stored form of a key that bounds a range, which the store checks only when it reads. */
function toStoreBound(key) {
  const stored = toStoreKey(key);
  if (!new Key(stored).isValid()) {
    throw new LevelError(
      'LEVEL_INVALID_KEY',
      `invalid key: a bound takes more than ${MOST_BYTES} bytes`,
    );
  }
  return stored;
}

/** Throws for a detached key or value: it would look like an empty one. */
function checkLevelView(view, what) {
  if (isOutside(view)) {
    throw new LevelError(
      what === 'key' ? 'LEVEL_INVALID_KEY' : 'LEVEL_INVALID_VALUE',
      `the buffer of the ${what} is detached, or was shrunk so that the ${what} lies outside of it`,
    );
  }
}

function guard(text) {
  return text === '' || text.charCodeAt(0) === 0 ? `\0${text}` : text;
}

/** True for keys that are stored as they are, which nearly all are. */
function isPlain(text) {
  return text.charCodeAt(0) !== 0 && ASCII.test(text);
}

/** The key as abstract-level knows it, in the format that it asks for: `utf8` or `buffer`. */
function fromStoreKey(stored, format) {
  const guarded = stored.charCodeAt(0) === 0;
  const text = guarded ? stored.slice(1) : stored;
  if (NOT_A_BYTE.test(text) || (guarded && guard(text) !== stored)) {
    throw new LevelError(
      'LEVEL_DECODE_ERROR',
      `the key ${JSON.stringify(stored)} was not written through abstract-level`,
    );
  }
  if (format === 'utf8' && isPlain(stored)) {
    return stored;
  }
  const bytes = latin1Of(text);
  return format === 'utf8' ? bytes.utf8Slice() : bytes;
}

module.exports = { checkLevelView, toStoreBound, toStoreKey, fromStoreKey };
