/** The outer form of MQTT packets (MQTT 3.1.1 §2.2, §3.3), as far as the front door looks at it. Pure. */

/** The header is not whole yet. */
export const incomplete = 0;
/** The remaining length is longer than its four bytes [MQTT-2.2.3]: no packet can follow. */
export const malformed = -1;

/** Of a publish that is handled here: QoS 0 or 1, not retained; DUP does not matter. */
const publishQos0 = 0x30;
const publishQos1 = 0x32;
const dup = 0x08;

/** PINGREQ and PINGRESP (§3.12, §3.13). */
export const pingRequest = 0xc0;
export const pingResponse = Buffer.from([0xd0, 0x00]);

/**
 * Bytes of the packet that begins at `at` of `bytes`, its header included, whether it is whole or
 * not; `incomplete` or `malformed` when there is no telling.
 */
export function packetLength(bytes: Buffer, at: number): number {
  let value = 0;
  for (let i = 1, shift = 0; i <= 4; i++, shift += 7) {
    if (at + i >= bytes.length) return incomplete;
    const digit = bytes[at + i] as number;
    value |= (digit & 0x7f) << shift;
    if (digit < 0x80) return 1 + i + value;
  }
  return malformed;
}

/** Where the parts of a PUBLISH are, in the bytes it was found in. */
export interface PublishParts {
  readonly qos: 0 | 1;
  readonly topicBegin: number;
  readonly topicEnd: number;
  /** 0 at QoS 0. */
  readonly messageId: number;
  readonly payloadBegin: number;
}

/**
 * The parts of the whole packet from `begin` to `end`; null when it is anything else than an
 * ordinary PUBLISH: of another kind, retained, of QoS 2, with a topic or packet identifier that
 * must be refused.
 */
export function publishParts(bytes: Buffer, begin: number, end: number): PublishParts | null {
  const first = (bytes[begin] as number) & ~dup;
  if (first !== publishQos0 && first !== publishQos1) return null;
  if (first === publishQos0 && bytes[begin] !== publishQos0) return null;
  const qos = first === publishQos1 ? 1 : 0;
  let at = begin + 1;
  while ((bytes[at] as number) >= 0x80) at++;
  const topicBegin = at + 3;
  if (topicBegin > end) return null;
  const topicEnd = topicBegin + bytes.readUInt16BE(at + 1);
  const payloadBegin = topicEnd + 2 * qos;
  if (topicEnd === topicBegin || payloadBegin > end) return null;
  const messageId = qos === 1 ? bytes.readUInt16BE(topicEnd) : 0;
  if (qos === 1 && messageId === 0) return null;
  return { qos, topicBegin, topicEnd, messageId, payloadBegin };
}

/** True when the bytes from `begin` to `end` are those of `text`, which has one byte a character. */
export function sameText(bytes: Buffer, begin: number, end: number, text: string): boolean {
  if (end - begin !== text.length) return false;
  for (let i = 0; i < text.length; i++) {
    if (bytes[begin + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}
