// An operation as bytes, and back: what logs hold and what nodes send each other.

import process from 'node:process';
import { Operation, OperationDecoder, OperationEncoder } from '@softadastra/store';

console.log('== STORE OPERATION CODEC EXAMPLE ==');

const operation = Operation.put('user:1', 'Gaspard');

const encoded = OperationEncoder.encode(operation);
if (encoded.isErr()) {
  console.error('encoding failed');
  process.exit(1);
}

const decoded = OperationDecoder.decode(encoded.value());
if (decoded.isErr()) {
  console.error('decoding failed');
  process.exit(1);
}

const { type, key, value } = decoded.value();
console.log(`Decoded operation type=${type} key=${key} value=${value.toString()}`);
