// How the two processes talk: frames of a payload's length (4 bytes), a sequence (8 bytes), and the payload. An
// acknowledgement is a frame without a payload.

import { once } from 'node:events';

const HEADER = 12;
const NOTHING = Buffer.alloc(0);

export async function send(stream, sequence, payload = NOTHING) {
  const frame = Buffer.alloc(HEADER + payload.length);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeBigUInt64LE(BigInt(sequence), 4);
  frame.set(payload, HEADER);
  if (!stream.write(frame)) await once(stream, 'drain');
}

/** The frames that arrived together, until the other side closes or dies. */
export async function* receive(stream) {
  let rest = NOTHING;
  for await (const chunk of stream) {
    rest = Buffer.concat([rest, chunk]);
    const frames = [];
    while (rest.length >= HEADER && rest.length >= HEADER + rest.readUInt32LE(0)) {
      const end = HEADER + rest.readUInt32LE(0);
      frames.push({
        sequence: Number(rest.readBigUInt64LE(4)),
        payload: rest.subarray(HEADER, end),
      });
      rest = rest.subarray(end);
    }
    if (frames.length > 0) yield frames;
  }
}
