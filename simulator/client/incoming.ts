/** Splits what a server sends into frames; the small fixed ones are read by hand. */

import { type Packet, parser } from 'mqtt-packet';
import { limits } from '../../model/limits.ts';

/**
 * Takes what the frames say, in their order, for one of many receivers. It may stop the reading by
 * throwing.
 */
export interface FrameHandler<Receiver> {
  connack(receiver: Receiver, returnCode: number): void;
  puback(receiver: Receiver, packetId: number): void;
  pingresp(receiver: Receiver): void;
  packet(receiver: Receiver, packet: Packet): void;
}

/** The first byte of a CONNACK, which is the first packet a server sends (MQTT 3.1.1 §3.2). */
export const connackType = 0x20;

const pubackType = 0x40;
const pingrespType = 0xd0;

/** The server broke MQTT 3.1.1; the connection must be closed. */
export class ProtocolError extends Error {}

/**
 * Reads the complete frames in `bytes` from 0 to `end` and returns where the first incomplete one
 * begins (`end` if there is none). Throws ProtocolError when the bytes are not MQTT 3.1.1, or a
 * frame is longer than this client accepts.
 */
export function readFrames<Receiver>(
  bytes: Uint8Array,
  end: number,
  handler: FrameHandler<Receiver>,
  receiver: Receiver,
): number {
  let at = 0;
  while (at + 2 <= end) {
    const first = bytes[at]!;
    if (first === pubackType && bytes[at + 1] === 2) {
      if (at + 4 > end) return at;
      handler.puback(receiver, (bytes[at + 2]! << 8) | bytes[at + 3]!);
      at += 4;
      continue;
    }
    const length = frameLength(bytes, at, end);
    if (length === 0 || at + length > end) return at;
    readOther(bytes.subarray(at, at + length), handler, receiver);
    at += length;
  }
  return at;
}

function readOther<Receiver>(
  frame: Uint8Array,
  handler: FrameHandler<Receiver>,
  receiver: Receiver,
): void {
  if (frame[0] === connackType && frame.length === 4) handler.connack(receiver, frame[3]!);
  else if (frame[0] === pingrespType && frame.length === 2) handler.pingresp(receiver);
  else handler.packet(receiver, parse(frame));
}

/** Length of the whole frame at `at`; 0 when its length field is incomplete. */
function frameLength(bytes: Uint8Array, at: number, end: number): number {
  let remaining = 0;
  for (let i = 0; i < 4; i++) {
    if (at + 1 + i >= end) return 0;
    const byte = bytes[at + 1 + i]!;
    remaining += (byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      const length = 2 + i + remaining;
      if (length > limits.packetBytesMax) throw new ProtocolError(`frame of ${length} bytes`);
      return length;
    }
  }
  throw new ProtocolError('remaining length of more than four bytes');
}

/** The packet in one complete frame. The frame is copied, for packets keep parts of it. */
function parse(frame: Uint8Array): Packet {
  let packet: Packet | undefined;
  const reader = parser({ protocolVersion: 4 });
  reader.on('packet', (parsed: Packet) => {
    packet = parsed;
  });
  reader.on('error', (error: Error) => {
    throw new ProtocolError(error.message);
  });
  reader.parse(Buffer.from(frame));
  if (packet === undefined) throw new ProtocolError('not a packet');
  return packet;
}
