/** MQTT 3.1.1 frames that a client sends often, written straight into a buffer. */

const publishType = 0x30;
const dupFlag = 0x08;

/** A PINGREQ (MQTT 3.1.1 §3.12). */
export const pingRequest: Buffer = Buffer.from([0xc0, 0x00]);

/** A DISCONNECT (MQTT 3.1.1 §3.14). */
export const disconnectRequest: Buffer = Buffer.from([0xe0, 0x00]);

/** A topic as it stands in a PUBLISH: two bytes of length and UTF-8 (MQTT 3.1.1 §1.5.3). */
export function topicField(topic: string): Buffer {
  const length = Buffer.byteLength(topic);
  const field = Buffer.alloc(2 + length);
  field.writeUInt16BE(length);
  field.write(topic, 2);
  return field;
}

/** A PUBLISH (MQTT 3.1.1 §3.3), not retained. `packetId` is written for QoS 1 only. */
export function publishFrame(topic: Buffer, payload: string, qos: 0 | 1, packetId: number): Buffer {
  const payloadBytes = Buffer.byteLength(payload);
  const remaining = topic.length + (qos === 1 ? 2 : 0) + payloadBytes;
  const frame = Buffer.allocUnsafe(1 + lengthBytes(remaining) + remaining);
  frame[0] = publishType | (qos << 1);
  let at = writeLength(frame, remaining);
  frame.set(topic, at);
  at += topic.length;
  if (qos === 1) {
    frame[at++] = packetId >>> 8;
    frame[at++] = packetId & 0xff;
  }
  frame.write(payload, at, payloadBytes === payload.length ? 'latin1' : 'utf8');
  return frame;
}

/** Marks a PUBLISH as sent before (MQTT 3.1.1 §3.3.1.1). */
export function markDuplicate(frame: Buffer): void {
  frame[0]! |= dupFlag;
}

/** Bytes of the remaining length (MQTT 3.1.1 §2.2.3). */
function lengthBytes(remaining: number): number {
  if (remaining < 0x80) return 1;
  if (remaining < 0x4000) return 2;
  return remaining < 0x20_0000 ? 3 : 4;
}

/** Writes the remaining length after the first byte; returns where the variable header begins. */
function writeLength(frame: Buffer, remaining: number): number {
  let at = 1;
  let rest = remaining;
  while (rest >= 0x80) {
    frame[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  frame[at++] = rest;
  return at;
}
