'use strict';

const { isBytes } = require('./bytes.js');
const { isOf } = require('./copies.js');
const { SoftadastraError, invalidArgument, toError } = require('./error.js');

/** A longer key is left out of the message; the context has it in any case. */
const LONGEST_SAID = 200;

const JSON_CODEC = {
  encode(value) {
    const text = JSON.stringify(value);
    if (text === undefined) {
      throw invalidArgument(`a value of the type ${typeof value} has no JSON form`);
    }
    return text;
  },
  decode({ content }) {
    if (typeof content !== 'string') {
      throw invalidArgument('it is not UTF-8');
    }
    return JSON.parse(content);
  },
};

/** Converts values to what is stored, and back. Its errors name the key. */
class KeyedCodec {
  #codec;
  #name;

  constructor(given) {
    if (given === 'json') {
      this.#codec = JSON_CODEC;
      this.#name = ' as JSON';
    } else if (typeof given?.encode === 'function' && typeof given.decode === 'function') {
      this.#codec = given;
      this.#name = '';
    } else {
      throw invalidArgument('a codec is "json" or an object with the functions encode and decode');
    }
  }

  encode(key, value) {
    let encoded;
    try {
      encoded = this.#codec.encode(value);
    } catch (raw) {
      const message = `invalid value: it does not encode${this.#name}: ${toError(raw).message}`;
      throw new SoftadastraError('invalid_argument', message, said(key), { cause: raw });
    }
    if (typeof encoded === 'string' || isBytes(encoded) || isOf(encoded, 'Value')) {
      return encoded;
    }
    throw invalidArgument('invalid value: encode returned neither text nor bytes', said(key));
  }

  decode(key, stored) {
    try {
      return this.#codec.decode(stored);
    } catch (raw) {
      const which = key.length > LONGEST_SAID ? 'the value' : `the value of ${JSON.stringify(key)}`;
      const message = `${which} does not decode${this.#name}: ${toError(raw).message}`;
      throw new SoftadastraError('store_error', message, key, { cause: raw });
    }
  }
}

function said(key) {
  return typeof key === 'string' ? key : undefined;
}

module.exports = { KeyedCodec };
