// The signature inside a library of macOS. On arm64 the system kills a process that loads a page whose hash is not the
// signed one, so a tool that changes the file after the linker and signs nothing makes it useless.

import { createHash } from 'node:crypto';

const LC_CODE_SIGNATURE = 0x1d;
const CODE_DIRECTORY = 0xfade0c02;
const SHA256 = 2;

/** Where the signature is in a 64-bit file. */
function place(bytes) {
  const count = bytes.readUInt32LE(16);
  for (let command = 0, at = 32; command < count; command += 1, at += bytes.readUInt32LE(at + 4)) {
    if (bytes.readUInt32LE(at) === LC_CODE_SIGNATURE) return bytes.readUInt32LE(at + 8);
  }
  return undefined;
}

function codeDirectory(bytes, at) {
  const count = bytes.readUInt32BE(at + 8);
  for (let index = 0; index < count; index += 1) {
    const blob = at + bytes.readUInt32BE(at + 12 + 8 * index + 4);
    if (bytes.readUInt32BE(blob) === CODE_DIRECTORY) return blob;
  }
  return undefined;
}

/** What is wrong with it, if anything is. */
export function brokenSignature(bytes) {
  const at = place(bytes);
  const directory = at === undefined ? undefined : codeDirectory(bytes, at);
  if (directory === undefined) return 'is not signed';
  const hashes = directory + bytes.readUInt32BE(directory + 16);
  const [pages, end] = [bytes.readUInt32BE(directory + 28), bytes.readUInt32BE(directory + 32)];
  const [size, kind] = [bytes[directory + 36], bytes[directory + 37]];
  const page = 1 << bytes[directory + 39];
  if (kind !== SHA256 || end !== at || pages !== Math.ceil(end / page)) {
    return 'has a signature that does not cover it';
  }
  for (let index = 0; index < pages; index += 1) {
    const part = bytes.subarray(index * page, Math.min(end, (index + 1) * page));
    const signed = bytes.subarray(hashes + index * size, hashes + (index + 1) * size);
    if (!createHash('sha256').update(part).digest().equals(signed)) {
      return `was changed after it was signed, in page ${index}`;
    }
  }
  return undefined;
}
